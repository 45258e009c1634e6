"""What asking will cost, said before it begins."""

from batch_credits.progress.words import span_in_words


def asking_in_words(questions: int, seconds: float, per_minute: int) -> str:
    """`Asks Chargebee about 210 questions, 1 min 0 s or more at 120 requests a minute.`

    `seconds` until the last of them may leave; `per_minute` of the site's limit may be used, 0: there is none.
    """
    what = "1 question" if questions == 1 else f"{questions:,} questions"
    if not per_minute:
        return f"Asks Chargebee about {what}, without a limit."
    how_long = f"{span_in_words(seconds)} or more" if round(seconds) else "all at once"
    return f"Asks Chargebee about {what}, {how_long} at {per_minute:,} requests a minute."
