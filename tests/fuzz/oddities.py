"""Values that no API should send and no person should type, and some do."""

from __future__ import annotations

from typing import Any

NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'it\'s "quoted"',
    "`touch pwned`",
    "$(touch pwned)",
    "; touch pwned; #",
    "&& touch pwned",
    "| touch pwned",
    "two\nlines\ntouch pwned",
    "\r\n\ttabs",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "\x00nul",
    "\ud800",
    "\u0661\u0662",
    "9" * 300,
    "x" * 300,
    "--all",
    "-n",
    "../../etc/passwd",
    "a/b",
    "%s%n{0}{x!r}",
    "*",
    "",
    " ",
)
"""Texts that break out of something when they are not escaped."""

RANGES = (
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/255.255.0.0",
    "/",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.1",
    "10.244.1.0/24",
    "10.244.1.1/16",
    "999.1.1.1/8",
    "fe80::1%eth0",
    "fe80::1%eth0/64",
    "2001:db8::/32",
    "::ffff:10.0.0.0/104",
    "1/2/3",
    "10.0.0.0/24 ",
    "10.0.0.0/\u0662\u0664",
    "65535-0",
    "1-2-3",
    "99999999999999999999",
)
"""Addresses, CIDRs and ports, right and wrong."""

OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    float("nan"),
    [],
    {},
    [None],
    [[]],
    [{}],
    ["x"],
    [1],
    {"a": 1},
)
"""What is no text."""

VALUES = (*NAMES, *RANGES, *OTHERS)
