# SPDX-License-Identifier: GPL-3.0-or-later
# Two commands set everything up on a fresh Debian 12 machine: make run, make test.
.PHONY: run test bench lint format clean

run:
	@scripts/setup.sh run
	@./sentinel demo

test:
	@scripts/setup.sh test
	@cd build && ctest --output-on-failure -j2

bench:
	@scripts/setup.sh run
	@./sentinel bench

lint:
	@scripts/setup.sh test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@clang-format --dry-run --Werror $$(git ls-files '*.h' '*.cc')

format:
	@scripts/setup.sh test
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@clang-format -i $$(git ls-files '*.h' '*.cc')

clean:
	rm -rf build .venv .cache out
