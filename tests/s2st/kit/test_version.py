from s2st.kit.version import VERSION


def test_it_is_the_projects(repository):
    lines = (repository / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert f'version = "{VERSION}"' in lines
