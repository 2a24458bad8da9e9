# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel pipeline`: which program gets which option, ports, ends."""

import argparse
import json
import signal
import socket
import sys

import pytest
from gnuradio.sentinel.apps import pipeline
from gnuradio.sentinel.apps.main import main
from gnuradio.sentinel.core.ports import udp_port_is_bound
from sender_runs import finish, free_port, read_until, sentinel


def plan(*words):
    parser = argparse.ArgumentParser()
    pipeline.add_arguments(parser)
    return pipeline._plan(parser.parse_args(["pulse", *map(str, words)]))


def words(program):
    """The command's words behind the interpreter's."""
    return " ".join(program.words[len(pipeline.SENTINEL) :])


def test_a_newcomer_gets_the_published_chain():
    made = plan()
    assert words(made.receiver) == (
        "simulate pulse --rate 768k --center-freq 146.01M --zmqiq tcp://127.0.0.1:5555 "
        "--tag freq=-10000,tip=2,tp=0.015,en0=16 --log-level info"
    )
    assert words(made.decimator) == (
        "decimate zmqiq:tcp://127.0.0.1:5555 --rate-out 3840 --shift=10000 --udp 127.0.0.1:10000 "
        "--frame 1024 --center-freq=146.01M --log-level info"
    )
    assert words(made.detector) == (
        "pulse udp:127.0.0.1:10000 --rate 3840 --fs 3840 --center-freq 146000000 --tip 2 --log-level info"
    )


def test_options_go_to_the_program_they_are_for(tmp_path):
    made = plan(
        *["--source", "rtl_tcp:127.0.0.1:1234", "--rate", "960k", "--center-freq", "150.2M"],
        *["--shift=-5k", "--fs", "4k", "--port", "4242", "--frame", "512", "--duration", "9"],
        *["--tip", "1.5", "--tp", "0.02", "-k", "3", "--offset=-100", "--pf", "1e-3", "--json"],
        *["--csv", "x.csv", "--report", "r.json", "--dec", "--stall-timeout 5", "--det", "--top 2"],
    )
    assert made.receiver is None
    assert words(made.decimator) == (
        "decimate rtl_tcp:127.0.0.1:1234 --rate-out 4000 --shift=-5000 --udp 127.0.0.1:4242 --frame 512 "
        "--rate=960k --center-freq=150.2M --duration=9.0 --log-level info --stall-timeout 5"
    )
    assert words(made.detector) == (
        "pulse udp:127.0.0.1:4242 --rate 4000 --fs 4000 --center-freq 150205000 --tip=1.5 --tp=0.02 -k 3 "
        "--offset=-100 --pf=1e-3 --csv=x.csv --report=r.json --json --log-level info --top 2"
    )
    assert made.detector.results
    simulated = plan(
        "--tip", "1.1", "--duration", "20", "--seed", "4", "--rx", "--loss 0.1 --truth 'a b.sigmf-meta'"
    )
    assert simulated.receiver.words[-3:] == ("0.1", "--truth", "a b.sigmf-meta")
    assert "--tag freq=-10000,tip=1.1,tp=0.015,en0=16 --seed=4 --duration=20.0" in words(simulated.receiver)
    assert "--duration" not in words(simulated.decimator)
    receiver = plan("--source", "zmqiq:tcp://127.0.0.1:5555", "--receiver", f"{sys.executable} -c 'print(1)'")
    assert receiver.receiver.words == (sys.executable, "-c", "print(1)")


@pytest.mark.parametrize(
    "words, what",
    [
        (["--source", "x.cu8", "--rate", "1M", "--seed", "1"], "are for the simulator"),
        (["--source", "rtl_tcp:127.0.0.1:1234"], "needs --rate"),
        (["--source", "rtl_tpc:127.0.0.1:1234"], "did you mean rtl_tcp"),
        (["--receiver", "true"], "--receiver needs --source"),
        (
            ["--source", "zmqiq:tcp://127.0.0.1:5555", "--receiver", "no-such-receiver -x"],
            "no program 'no-such",
        ),
        (["--source", "zmqiq:tcp://127.0.0.1:5555", "--tag", "none"], "are for the simulator"),
        (["--det", "'"], '--det "\'": No closing quotation'),
        (["--shift", "ten"], "--shift 'ten' is not understood"),
        (["--port", "70000"], "--port 70000 must be from 1 to 65535"),
        (["--grace", "nan"], "--grace is nan"),
    ],
)
def test_mistakes_are_told_before_anything_starts(words, what, capfd):
    assert main(["pipeline", "pulse", *words]) == 2
    out, err = capfd.readouterr()
    assert what in err and err.count("\n") == 1 and not out


def test_a_port_in_use_is_named_with_its_option(capfd):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert udp_port_is_bound(port)
        assert main(["pipeline", "pulse", "--port", str(port)]) == 2
    error = capfd.readouterr().err
    assert f"UDP port {port} is in use; end what uses it (ss -lunp names it)" in error
    assert "or choose another with --port\n" in error
    assert not udp_port_is_bound(port)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["--port", str(free_port(socket.SOCK_DGRAM)), "--zmq-port", str(port)]
        assert main(["pipeline", "pulse", *words]) == 2
        assert f"TCP port {port} is in use" in capfd.readouterr().err


def test_a_detector_that_refuses_its_options_ends_all_with_its_exit_code():
    ports = ["--port", free_port(socket.SOCK_DGRAM), "--zmq-port", free_port()]
    with sentinel("pipeline", "pulse", *ports, "--det=--no-such-option") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "[det] sentinel pulse: error: unrecognized arguments: --no-such-option" in err
    assert "[det] ended with exit code 2; the others are ended" in err
    assert "[rx]" not in out + err


def chain(tmp_path, *words):
    """The whole chain with a tag quick enough for a test: cycles of two seconds."""
    ports = ["--port", free_port(socket.SOCK_DGRAM), "--zmq-port", free_port()]
    quick = ["--rate", "192k", "--tip", "0.6", "-k", "3", "--pf", "1e-3", "--frame", "257"]
    return sentinel("pipeline", "pulse", *ports, *quick, *words, env={"SENTINEL_CACHE_DIR": str(tmp_path)})


def test_every_sample_of_the_simulator_reaches_the_detector_which_finds_the_tag(tmp_path):
    report, sent = tmp_path / "report.json", tmp_path / "sent.json"
    words = ["--duration", 7, "--json", "--report", report, f"--rx=--report {sent}"]
    with chain(tmp_path, *words) as process:
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert len(events) >= 2
    for event in events:
        assert event["freq_hz"] == pytest.approx(146e6, abs=70)
    for name in ("rx", "dec"):
        assert f"[{name}] " in err
    made = json.loads(sent.read_text())["samples_made"]
    # 192 kS/s by 50.
    assert json.loads(report.read_text())["samples_read"] == made // 50 == 7 * 3840


def test_ctrl_c_ends_all_three_in_good_order(tmp_path):
    with chain(tmp_path) as process:
        lines = read_until(process.stdout, "DETECTED")
        out, err = finish(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert any(line.startswith("[det] Pulse detector") for line in lines)
    assert "[det] --- Detection stopped after" in out
    assert "packets_made" in out.split("[rx] ")[1]
    assert "is killed" not in err
