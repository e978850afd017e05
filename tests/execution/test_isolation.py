"""The parts of isolation that can be looked at from outside: users that are given away, and what the filter refuses."""

import ctypes
import mmap
import os
import re
from pathlib import Path

import pytest

from linewise.execution._tracee import seccomp
from linewise.execution._tracee.isolation import USERS, Isolation, _other_users
from linewise.execution.user_namespace import _free_users

EVERYBODY = (1 << 32) - 1


@pytest.mark.parametrize(
    ("uid_map", "lowest", "highest"),
    [
        ("0 0 1\n1 2000000000 65536\n", 32768, 65536),
        (f"0 0 {EVERYBODY}\n", 1 << 31, EVERYBODY - 1),
        ("0 100000 65536\n", 32768, 65535),
    ],
)
def test_programs_are_users_without_accounts_and_all_differ(uid_map: str, lowest: int, highest: int) -> None:
    for _ in range(50):
        users = _other_users(uid_map, 0)
        assert len(set(users)) == USERS
        assert lowest <= min(users) <= max(users) <= highest
        assert 0 not in users


@pytest.mark.parametrize("uid_map", ["0 1000 1\n", "1000 1000 1\n", "0 0 1\n1 100000 8\n"])
def test_one_user_is_none_to_give(uid_map: str) -> None:
    assert _other_users(uid_map, 0) == ()


def test_users_are_given_that_the_machine_has_and_no_account_uses() -> None:
    assert len(_free_users(f"0 0 {EVERYBODY}\n", [0, 1000])) == 65536
    assert 2_000_000_001 not in _free_users(f"0 0 {EVERYBODY}\n", [2_000_000_001])
    assert len(_free_users("0 100000 65536\n", [])) == 4096
    assert len(_free_users("0 1000 1\n", [])) == 0


def decided(
    convention: seccomp.Convention,
    number: int,
    first: int = 0,
    second: int = 0,
    fourth: int = 0,
    *,
    audit: int | None = None,
) -> int:
    """What the filter says of a call, worked out instruction by instruction."""
    memory = {0: number, 4: convention.audit if audit is None else audit, 16: first, 24: second, 40: fourth}
    code, at, value = list(seccomp.program(convention)), 0, 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        match operation:
            case seccomp.LOAD:
                value = memory[operand]
            case seccomp.RETURN:
                return operand
            case seccomp.JUMP_EQUAL:
                at += if_true if value == operand else if_false
            case seccomp.JUMP_GREATER_EQUAL:
                at += if_true if value >= operand else if_false
            case seccomp.JUMP_ANY_BIT:
                at += if_true if value & operand else if_false


@pytest.mark.parametrize("name", seccomp.CONVENTIONS)
def test_filter(name: str) -> None:
    convention = seccomp.CONVENTIONS[name]
    assert {decided(convention, number) for number in convention.refused} == {seccomp.EPERM}
    others = set(range(460)) - set(convention.refused) - {convention.clone, seccomp.CLONE3}
    assert {decided(convention, number) for number in others} == {seccomp.ALLOW}
    assert decided(convention, seccomp.CLONE3) == seccomp.ENOSYS
    assert decided(convention, convention.clone, 17) == seccomp.ALLOW
    for bit in (17, *range(25, 31)):
        assert decided(convention, convention.clone, 1 << bit | 17) == seccomp.EPERM
    commands = {command: decided(convention, convention.fcntl, 3, command) for command in range(1040)}
    assert {command for command, decision in commands.items() if decision == seccomp.EPERM} == {*seccomp.FCNTL_REFUSED}
    assert set(commands.values()) == {seccomp.EPERM, seccomp.ALLOW}
    for flags, decision in (
        (mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x20000, seccomp.ALLOW),
        (mmap.MAP_PRIVATE, seccomp.ALLOW),
        (mmap.MAP_SHARED, seccomp.ALLOW),
        (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, seccomp.EPERM),
        (0x3 | mmap.MAP_ANONYMOUS, seccomp.EPERM),
        (mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000, seccomp.EPERM),
    ):
        assert decided(convention, convention.mmap, fourth=flags) == decision
    assert decided(convention, 0, audit=1) == seccomp.KILL_PROCESS
    assert decided(convention, seccomp.X32 + 41) == seccomp.KILL_PROCESS


HEADERS = {2: "/usr/include/asm-generic/unistd.h"}
"""By column of the table, the kernel's own list, which comes with a C compiler. aarch64 has the generic one."""
if os.uname().machine == "x86_64":
    HEADERS[1] = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"


@pytest.mark.parametrize("column", HEADERS)
def test_numbers_are_those_of_the_kernels_headers(column: int) -> None:
    text = Path(HEADERS[column]).read_text()
    stated = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", text)}
    ours = {row[0]: row[column] for row in seccomp.REFUSED if row[column] is not None}
    assert {name: number for name, number in ours.items() if stated.get(name, number) != number} == {}
    assert len(ours.keys() & stated.keys()) > 50


def test_numbers_are_those_of_this_machine() -> None:
    """A few that can be called harmlessly: each names itself by the error that it gives."""
    libc = ctypes.CDLL(None, use_errno=True)
    column = {"x86_64": 1, "aarch64": 2}[os.uname().machine]
    number = {row[0]: row[column] for row in seccomp.REFUSED}
    made = libc.syscall(number["socket"], 1, 1, 0)
    assert Path(f"/proc/self/fd/{made}").readlink().name.startswith("socket:")
    os.close(made)
    assert libc.syscall(number["personality"], 0xFFFFFFFF) == int(Path("/proc/self/personality").read_text(), 16)


def test_no_child_is_a_user_that_another_still_is_where_there_are_enough() -> None:
    isolation = object.__new__(Isolation)
    isolation._users, isolation._turn = (7, 8, 9), 0
    assert [isolation.next_user({8, None}) for _ in range(4)] == [9, 7, 9, 7]
    assert {isolation.next_user({7, 8, 9}) for _ in range(3)} <= {7, 8, 9}
