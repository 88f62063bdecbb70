"""Texts as a stranger's container name, label, output, log line or hook may hold them."""

from __future__ import annotations

FORGED = "2026-12-01 00:00:00 ERROR   gluetun: all is lost"

HOSTILE = {
    "line-end": f"a\n{FORGED}",
    "carriage-return": f"a\r{FORGED}",
    "both-ends": f"a\r\n{FORGED}",
    "vertical-tab": f"a\v{FORGED}\f{FORGED}",
    "next-line": f"a\x85{FORGED}",
    "line-separator": f"a\u2028{FORGED}\u2029{FORGED}",
    "ansi": "a\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "c1-csi": "a\x9b2Jred",
    "backspace": "a\b\b\b\x7fb",
    "bidi": "a\u202egnp.exe\u2066x\u2069\u200f",
    "nul": "a\0b",
    "braces": "{} {0.__class__} {message} {time} {{ }} %s %(x)s %n",
    "loguru": "<red>x</red> </level> \\<dim>",
    "rich": "[red]x[/red] [/] [link=http://evil.invalid]y[/link]",
    "html": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;",
    "script-end": "</script><script>alert(1)//",
    "jinja": "{{ 7 * 7 }}{% for x in y %}${7*7}",
    "toml": 'a"\n[[rule]]\nname = "evil"\ndo = "command.run" # \'\'\' """',
    "prometheus": 'a",evil="1"} 9\nevil_metric 1\n# HELP x \\',
    "shell": "$(touch /tmp/evil); `id` && rm -rf / | cat > x",
    "path": "../../../etc/passwd",
    "option": "--help",
}
