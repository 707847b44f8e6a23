from longstride.errors import InputError, unknown_name


def test_an_input_error_names_place_problem_and_cure():
    error = InputError("is missing", path="a.parquet", row=3, field="task", cure="name a task")
    assert str(error) == "a.parquet: row 3: field task: is missing; name a task"
    assert str(InputError("is missing")) == "is missing"
    assert isinstance(error, ValueError)


def test_an_unknown_name_lists_the_known():
    assert str(unknown_name("variant", "x", ["a", "b"])) == "unknown variant 'x'; known: a, b"
