from longstride.synthesis.small_world.wording import (
    company_question,
    difference_question,
    extreme_question,
    figure_question,
    riddle_question,
    walk_question,
    with_options,
    year_question,
)


def test_the_natural_way_names_what_is_on_the_way():
    assert walk_question("Milis", ["works at"], echo=False) == "Where does Milis work ?"
    assert walk_question("Milis", ["works at", "is based in"], echo=False) == "Where is the company of Milis based ?"
    assert (
        walk_question("Kestrel", ["is led by", "lives in", "lies in"], echo=False)
        == "In which land does the home of the leader of Kestrel lie ?"
    )


def test_the_echo_repeats_the_sentences():
    assert walk_question("Milis", ["plays the"], echo=True) == "Milis plays the what ?"
    assert (
        walk_question("Milis", ["works at", "is based in"], echo=True)
        == "Milis works at a company that is based in which town ?"
    )


def test_tables_are_asked_for_years_numbers_and_companies():
    assert figure_question("Kestrel", "2031", echo=False) == "How many crates did Kestrel sell in 2031 ?"
    assert figure_question("Kestrel", "2031", echo=True) == "Kestrel | 2031 | what ?"
    assert (
        difference_question("Kestrel", "2031", "2024") == "How many more crates did Kestrel sell in 2031 than in 2024 ?"
    )
    assert year_question("Kestrel", "most", echo=False) == "In which year did Kestrel sell the most ?"
    assert year_question("Kestrel", "most", echo=True) == "Kestrel sold the most in which year ?"
    assert (
        extreme_question("Kestrel", "least", echo=False) == "How many crates is the least that Kestrel sold in a year ?"
    )
    assert extreme_question("Kestrel", "least", echo=True) == "The least that Kestrel sold in a year is what ?"
    assert (
        company_question(["Kestrel", "Zanner", "Falner"], "2031", "most", echo=False)
        == "Which company sold the most in 2031 : Kestrel , Zanner or Falner ?"
    )
    assert (
        company_question(["Kestrel", "Zanner", "Falner"], "2031", "most", echo=True)
        == "In 2031 which company sold the most : Kestrel , Zanner or Falner ?"
    )


def test_a_riddle_is_asked_for_behind_its_prefix():
    assert riddle_question("rivers", None, "star song") == "Repeat the riddle about rivers after star song ."
    assert (
        riddle_question("rivers", "old", "star song")
        == "Repeat the riddle about rivers that begins with old after star song ."
    )


def test_options_stand_before_their_letters():
    assert (
        with_options("Where does Milis work ?", ["Kestrel", "Zanner", "Falner", "Ingner"])
        == "Where does Milis work ? Kestrel (A) Zanner (B) Falner (C) Ingner (D)"
    )
