# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of gpsd 3.22, as they were recorded, become states; what vanishes leaves nothing behind."""

import json

import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.receiver.gpsd_lines import LineReader
from gnuradio.sentinel.gnss.receiver.gpsd_log import read_gpsd_log
from gnuradio.sentinel.gnss.receiver.receiver_data import STALE_AFTER_S, FrontEnd, message_time_s
from gnuradio.sentinel.gnss.receiver.receiver_epochs import (
    HISTORY_STATES,
    MAX_DEVICES,
    EpochAssembler,
    Receivers,
    StateHistory,
    moment_s,
)
from hypothesis import given, settings
from hypothesis import strategies as st

T0 = message_time_s({"time": "2026-07-01T12:00:00.000Z"})
TPV = json.loads(
    '{"class":"TPV","device":"/dev/pts/1","mode":3,"time":"2026-07-01T12:00:00.000Z","ept":0.005,'
    '"lat":48.117300000,"lon":11.516666667,"altHAE":592.3000,"altMSL":545.4000,"alt":545.4000,"epx":12.1,'
    '"epy":13.2,"epv":27.600,"track":84.4000,"magtrack":87.7264,"magvar":3.3,"speed":0.010,"climb":0.1,'
    '"eps":24.2,"epc":55.2,"geoidSep":46.900,"eph":17.100,"sep":28.500}'
)
TPV_LOST = json.loads(
    '{"class":"TPV","device":"/dev/pts/1","mode":1,"time":"2026-07-01T12:00:01.000Z","ept":0.005}'
)
SKY = json.loads(
    '{"class":"SKY","device":"/dev/pts/1","xdop":0.86,"ydop":1.31,"vdop":1.20,"tdop":1.52,"hdop":0.90,'
    '"gdop":3.25,"pdop":1.50,"nSat":3,"uSat":2,"satellites":[{"PRN":1,"el":40.0,"az":83.0,"ss":45.0,'
    '"used":true,"gnssid":0,"svid":1},{"PRN":65,"el":30.0,"az":120.0,"ss":33.0,"used":true,"gnssid":6,'
    '"svid":1},{"PRN":305,"el":50.0,"az":200.0,"ss":0.0,"used":false,"gnssid":2,"svid":5}]}'
)
DOPS_ONLY = {"class": "SKY", "device": "/dev/pts/1", "hdop": 2.5, "pdop": 3.5}
SKY_LOST = json.loads(
    '{"class":"SKY","device":"/dev/pts/1","nSat":1,"uSat":0,"satellites":[{"PRN":1,"el":40.0,"az":83.0,'
    '"ss":21.0,"used":false,"gnssid":0,"svid":1}]}'
)
GST = {"class": "GST", "device": "/dev/pts/1", "rms": 6.0, "lat": 2.5, "lon": 2.1, "alt": 4.0}


def at(message, second):
    return message | {"time": f"2026-07-01T12:00:{second:02d}.000Z"}


def assemble(*messages, assembler=None):
    assembler = assembler or EpochAssembler()
    told = [assembler.add(message) for message in messages]
    return told[-1][0]


def test_every_field_of_a_fix_and_a_sky():
    state = assemble(TPV, SKY, GST)
    assert (state.time_s, state.mode, state.has_fix) == (T0, 3, True)
    assert (state.latitude_deg, state.longitude_deg) == (48.1173, 11.516666667)
    assert (state.altitude_hae_m, state.altitude_msl_m) == (592.3, 545.4)
    assert (state.speed_m_s, state.track_deg, state.climb_m_s) == (0.01, 84.4, 0.1)
    assert (state.time_error_s, state.x_error_m, state.y_error_m) == (0.005, 12.1, 13.2)
    assert (state.horizontal_error_m, state.vertical_error_m, state.position_error_m) == (17.1, 27.6, 28.5)
    assert (state.latitude_error_m, state.altitude_error_m, state.range_rms_m) == (2.5, 4.0, 6.0)
    dilution = state.dilution
    assert (dilution.horizontal, dilution.vertical, dilution.position) == (0.9, 1.2, 1.5)
    assert (dilution.time, dilution.geometric, dilution.x, dilution.y) == (1.52, 3.25, 0.86, 1.31)
    first, second, third = state.satellites
    assert (first.prn, first.constellation, first.cn0_db_hz, first.used) == (1, "GPS", 45.0, True)
    assert (first.elevation_deg, first.azimuth_deg) == (40.0, 83.0)
    assert (second.constellation, third.constellation) == ("GLONASS", "Galileo")
    assert third.cn0_db_hz is None and not third.used  # 0 is how gpsd writes that it is not tracked
    assert (state.satellites_in_view, state.satellites_used) == (3, 2)
    assert state.mean_cn0_db_hz == 39.0


def test_a_lost_fix_leaves_no_old_values():
    state = assemble(TPV, SKY, GST, TPV_LOST, SKY_LOST)
    assert state.mode == 1 and not state.has_fix and state.time_s == T0 + 1
    for name in ("latitude_deg", "longitude_deg", "altitude_msl_m", "speed_m_s", "horizontal_error_m"):
        assert getattr(state, name) is None
    assert state.latitude_error_m is None and state.range_rms_m is None
    assert state.dilution.horizontal is None and state.dilution.geometric is None
    assert state.satellites_in_view == 1 and state.mean_cn0_db_hz is None
    # A position beside mode 1 is where it was.
    assert assemble(TPV_LOST | {"lat": 48.0, "lon": 11.0}).latitude_deg is None


def test_skies_in_several_messages_of_one_epoch():
    # Dilutions alone leave the satellites, and the other way round.
    state = assemble(TPV, SKY, DOPS_ONLY)
    assert len(state.satellites) == 3 and state.dilution.horizontal == 2.5 and state.dilution.x is None
    state = assemble(TPV, DOPS_ONLY, {k: v for k, v in SKY.items() if not k.endswith("dop")})
    assert len(state.satellites) == 3 and state.dilution.horizontal == 2.5
    # Satellites of the next epoch without dilutions: those before are gone.
    assert assemble(TPV, SKY, at(TPV, 1), SKY_LOST).dilution.horizontal is None
    # That there are none is told in two ways.
    for none in ({"satellites": []}, {"nSat": 0}):
        state = assemble(TPV, SKY, at(TPV, 1), {"class": "SKY", **none})
        assert state.satellites == () and state.satellites_in_view == 0


def test_what_an_epoch_does_not_bring_is_carried_with_its_age_for_3_s():
    assembler = EpochAssembler()
    assemble(TPV, SKY, assembler=assembler)
    for second in (1, 2, 3):
        state = assemble(at(TPV, second), assembler=assembler)
        assert state.sky_age_s == second and len(state.satellites) == 3
    state = assemble(at(TPV, 4), assembler=assembler)
    assert state.satellites == () and state.satellites_in_view is None and state.sky_age_s is None


def test_unknown_keys_and_senseless_values_are_none():
    odd = {
        "class": "TPV",
        "mode": True,
        "lat": "48",
        "lon": float("nan"),
        "altHAE": 10**400,
        "epv": None,
        "speed": [1],
        "time": "yesterday",
        "shoe": {"size": 43},
    }
    state = assemble(odd)
    assert (state.mode, state.latitude_deg, state.longitude_deg, state.altitude_hae_m) == (None,) * 4
    assert state.time_s is None and not state.has_fix
    satellites = [17, None, {}, {"PRN": "x"}, {"PRN": 3, "ss": -5, "el": 91, "az": 400, "used": 1}]
    state = assemble({"class": "SKY", "satellites": satellites, "hdop": -1, "uSat": "two"})
    assert [sat.prn for sat in state.satellites] == [3]
    assert state.satellites[0].cn0_db_hz is None and state.satellites[0].elevation_deg is None
    assert state.satellites[0].used is False and state.dilution.horizontal is None


def test_agc_and_jamming_where_the_receiver_tells_them():
    message = {"class": "MON", "blocks": [{"agcCnt": 8191, "jamInd": 12}, {"agcCnt": 4096, "jamInd": 255}]}
    state = assemble(TPV, message | {"noisePerMS": 90})
    assert state.front_end == FrontEnd(pytest.approx(4096 / 8191), 1.0, 90.0)
    assert assemble(TPV).front_end == FrontEnd()
    assert assemble(TPV | {"jam": 51}).front_end.jamming == pytest.approx(0.2)
    assert EpochAssembler().add({"class": "WATCH"}) is None
    # It is told with each epoch, and not kept for ever.
    assert assemble(TPV, message, at(TPV, 1)).front_end == FrontEnd()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([*TPV, *SKY, *SKY["satellites"][0], "agcCnt", "blocks", "jam"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(keys, json_values, max_size=6), max_size=8))
def test_no_message_whatsoever_crashes(messages):
    receivers = Receivers()
    for number, message in enumerate(messages):
        receivers.add(message | {"class": ("TPV", "SKY", "GST", "MON")[number % 4]}, 1e9 + number, number)
    if receivers.history is not None:
        receivers.history.state_at(1e9)


def feed(receivers, message, arrival_s, received_s=None):
    return receivers.add(message, T0 + arrival_s if received_s is None else received_s, arrival_s)


def test_a_snapshot_gets_the_state_of_its_second():
    receivers = Receivers()
    for second in range(5):
        # 0.2 s after the epoch, the sky in two parts with a pause below the epoch's length.
        feed(receivers, at(TPV, second) | {"lat": float(second)}, second + 0.2)
        feed(receivers, SKY, second + 0.3)
        feed(receivers, DOPS_ONLY | {"hdop": 1.0 + second}, second + 0.45)
    history = receivers.history
    assert len(history) == 5
    for second in range(5):
        state = history.state_at(T0 + second - 0.5)
        assert state.latitude_deg == second and state.dilution.horizontal == 1.0 + second
        assert state.age_s == pytest.approx(0.5) and not state.stale
    # The next second is not in yet: the last one, with its age.
    assert history.state_at(T0 + 5).latitude_deg == 4.0 and history.state_at(T0 + 5).age_s == 2.0
    assert history.state_at(T0 - 2) is None


def test_a_state_older_than_3_s_says_so_and_has_lost_its_values():
    history = StateHistory()
    history.put(assemble(TPV, SKY), True)
    assert not history.state_at(T0 + STALE_AFTER_S).stale
    state = history.state_at(T0 + STALE_AFTER_S + 0.01)
    assert state.stale and not state.has_fix and state.time_s == T0 and state.age_s == pytest.approx(4.01)
    assert (state.mode, state.latitude_deg, state.satellites, state.satellites_used) == (None, None, (), None)


def test_the_clock_a_state_is_placed_by():
    receivers = Receivers()
    # Our clock and the receiver's agree: the receiver's is taken.
    feed(receivers, TPV, 0.0, received_s=T0 + 0.8)
    assert moment_s(receivers.history.latest()) == T0
    # Ours was never set, or the receiver's weeks have rolled over: the time of arrival.
    feed(receivers, at(TPV, 1), 1.0, received_s=5000.0)
    assert moment_s(receivers.history.latest()) == 5000.0
    # Without a fix some know no time.
    timeless = {"class": "TPV", "mode": 1}
    for second in (2, 3):
        feed(receivers, timeless, second + 0.3, received_s=T0 + second + 0.3)
        feed(receivers, {"class": "SKY", "satellites": []}, second + 0.4)
    assert len(receivers.history) == 4
    assert receivers.history.state_at(T0 + 3).received_s == T0 + 3.3


def test_a_receiver_whose_clock_stands_still_is_not_stale():
    receivers = Receivers()
    for second in range(10):
        feed(receivers, TPV_LOST, second + 0.3)
        feed(receivers, SKY_LOST, second + 0.5)
    assert len(receivers.history) == 10
    state = receivers.history.state_at(T0 + 9)
    assert state.mode == 1 and not state.stale and state.sky_age_s is None


@pytest.mark.parametrize("first", ["TPV", "SKY"])
def test_the_order_within_an_epoch_does_not_matter(first):
    receivers = Receivers()
    for second in range(3):
        sky = SKY | {"uSat": second}
        messages = [at(TPV, second), sky] if first == "TPV" else [sky, at(TPV, second)]
        for place, message in enumerate(messages):
            feed(receivers, message, second + 0.1 + 0.1 * place)
    for second in range(3):
        assert receivers.history.state_at(T0 + second).satellites_used == second


def test_of_several_devices_one_is_listened_to_until_it_is_silent():
    receivers = Receivers()
    other = {"device": "/dev/ttyACM0", "mode": 2}
    feed(receivers, TPV, 0.0)
    feed(receivers, TPV | other, 0.1)
    assert receivers.history.latest().device == "/dev/pts/1"
    feed(receivers, at(TPV, 5) | other, 5.0)
    assert receivers.history.latest().device == "/dev/ttyACM0"
    assert receivers.devices == ("/dev/pts/1", "/dev/ttyACM0")
    chosen = Receivers("/dev/ttyACM0")
    assert not feed(chosen, TPV, 0.0) and chosen.history is None
    for number in range(50):
        feed(receivers, TPV | {"device": f"/dev/{number}"}, 6.0)
    assert len(receivers.devices) == MAX_DEVICES


def test_memory_is_bounded():
    receivers = Receivers()
    for number in range(HISTORY_STATES + 50):
        receivers.add({"class": "TPV", "mode": 1}, T0 + number, float(number))
    assert len(receivers.history) == HISTORY_STATES


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_lines(piece):
    good = json.dumps(TPV).encode()
    data = good + b"\r\n\n$GPRMC,1*00\n" + b"{" * 50_000 + b"\n[1,2]\n{}\n\xff\xfe{\x80}\n"
    data += (
        b'{"class":"X","a":"' + b"y" * 70_000 + b'"}\n' + b"2026-07-01 12:00:00: " + good + b"\n" + good[:9]
    )
    reader = LineReader()
    found = [m for at in range(0, len(data), piece) for m in reader.feed(data[at : at + piece])]
    assert found == [TPV, TPV]
    assert (reader.messages, reader.garbage, reader.oversized) == (2, 5, 1)
    assert len(reader._left) == 9
    reader.restart()
    assert list(reader.feed(good + b"\n")) == [TPV]


def test_a_log_gives_states_by_their_time(tmp_path):
    timeless = {"class": "TPV", "device": "/dev/pts/1", "mode": 1}
    lines = [{"class": "VERSION", "release": "3.22"}, TPV, SKY, GST]
    lines += [at(TPV, 1) | {"device": "/dev/other", "mode": 2}, timeless, SKY_LOST, timeless, SKY_LOST]
    lines += [at(TPV, 3), SKY]
    path = tmp_path / "log.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "half a li")
    log = read_gpsd_log(path)
    assert log.garbage == 1 and [state.mode for state in log.states] == [3, 1, 1, 3]
    assert [state.time_s - T0 for state in log.states] == [0, 1, 2, 3]
    assert log.state_at(T0).mean_cn0_db_hz == 39.0 and log.state_at(T0 + 2).satellites_used == 0
    assert log.state_at(T0 + 10).stale
    assert read_gpsd_log(path, device="/dev/other").state_at(T0 + 1).mode == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("", "holds no report with a time"), ("$GPRMC\n" * 3, "0 messages, 3 other")],
)
def test_a_log_that_is_none(tmp_path, content, message):
    path = tmp_path / "log.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_gpsd_log(path)
