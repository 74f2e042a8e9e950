from s2st.explore.choice import Cell
from s2st.explore.measures import Measured
from s2st.explore.table import table
from s2st.path.settings import PathSettings


def test_each_cell_has_a_line_with_its_mark_and_columns_stand_below_each_other():
    settings = [PathSettings(steps=20), PathSettings(steps=5), PathSettings(steps=10)]
    measured = [Measured(0.7, 0.6), Measured(0.79, 0.94), Measured(0.8, 0.95)]
    cells = [
        Cell(one, two, one.evaluations, 1.25) for one, two in zip(settings, measured, strict=True)
    ]
    heading, *lines = table(cells, ("steps",), best=1).splitlines()
    assert [line.split() for line in lines] == [
        ["1", "steps", "20", "0.700", "0.600", "48", "1.2"],
        ["2", "steps", "5", "0.790", "0.940", "15", "1.2", "chosen"],
        ["3", "steps", "10", "0.800", "0.950", "26", "1.2", "frontier"],
    ]
    assert {line.index("0.") for line in lines} == {heading.index("structure")}
