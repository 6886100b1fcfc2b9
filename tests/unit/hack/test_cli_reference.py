"""The reference page of the command line follows the commands."""

from generated import cli_reference


def test_every_command_has_its_section_options_and_example() -> None:
    page = cli_reference.page()
    for name, example in cli_reference.EXAMPLES.items():
        section = page.split(f"## pharos {name}\n")[1].split("\n## ")[0]
        assert "| argument or option | default | meaning |" in section
        assert f"    {example.splitlines()[0]}" in section
    assert "| `--version` |  | of a Model: put this version into production |" in page
