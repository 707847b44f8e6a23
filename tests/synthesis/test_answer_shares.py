from longstride.synthesis.answer_shares import AnswerShares


def test_an_answer_has_its_small_share_of_each_kind():
    shares = AnswerShares(share=0.1)
    for _ in range(2):
        assert shares.allows(("towns",), "Orvale")
        shares.count(("towns",), "Orvale")
    assert not shares.allows(("towns",), "ORVALE")  # the same once normalised
    assert not shares.allows(("lands", "towns"), "Orvale")
    assert shares.allows(("lands",), "Orvale")
    for number in range(10):
        shares.count(("towns",), f"town {number}")
    assert shares.allows(("towns",), "Orvale")  # 2 of 12
