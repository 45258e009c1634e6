"""Addresses are shown by their hosts."""


from batch_credits.text.masked import masked
from tests.each import each


@each(
    "text, shown",
    [
        ("nothing here", "nothing here"),
        ("(https://h.example/a/b?c#d).", "(https://h.example/...)."),
        ("https://user:pass@h.example:8/x z", "https://h.example:8/... z"),
        ("'slack+http://127.0.0.1/y'", "'slack+http://127.0.0.1/...'"),
        ("smtp://u:p@m.example", "smtp://m.example"),
        ("HTTPS://u@h", "HTTPS://h"),
        ("https://h/", "https://h/"),
        ("a\nhttps://h/x\nb", "a\nhttps://h/...\nb"),
        ("postgresql://u@h/base", "postgresql://u@h/base"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
