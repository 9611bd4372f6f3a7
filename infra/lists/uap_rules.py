"""Prints the rules of ua-parser-builtins as JSON, in the shape of uap-core's regexes.yaml.

The package holds them as Python calls, so they are read as a syntax tree; nothing of the package is run.
"""

import ast
import json
import sys

FIELDS = {
    "USER_AGENT_PARSERS": (
        "user_agent_parsers",
        ("regex", "family_replacement", "v1_replacement", "v2_replacement", "v3_replacement", "v4_replacement"),
    ),
    "OS_PARSERS": (
        "os_parsers",
        ("regex", "os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement"),
    ),
    "DEVICE_PARSERS": (
        "device_parsers",
        ("regex", "regex_flag", "device_replacement", "brand_replacement", "model_replacement"),
    ),
}


def rule(call: ast.Call, fields: tuple[str, ...]) -> dict[str, str]:
    values = [ast.literal_eval(argument) for argument in call.args]
    if call.keywords or len(values) > len(fields):
        raise SystemExit(f"uap_rules.py: not the calls it knows: {ast.unparse(call)}")
    return {field: value for field, value in zip(fields, values) if value is not None}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        tree = ast.parse(file.read())
    rules = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in FIELDS:
            name, fields = FIELDS[statement.targets[0].id]
            rules[name] = [rule(call, fields) for call in statement.value.elts]
    json.dump(rules, sys.stdout)


main()
