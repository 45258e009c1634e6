"""The codes that say why: of rejected rows, reversed ones, Chargebee's answers, and what `check --online` finds."""

from enum import StrEnum


class Proof(StrEnum):
    """What an answer of Chargebee says about the money: always the same sentence for the same proof."""

    REFUSED = (
        "No credit was added by this request, and the same request would be refused again. A row that is failed has "
        "no credit."
    )
    WAIT = "No credit was added by this request. It is sent again by itself, with the same key, after a pause."
    PAUSE = "No credit was added by this request. Sending pauses and goes on by itself once the site takes it again."
    STOP = "No credit was added by this request. Nothing else is sent: the run ends with exit code 4."
    NOTHING = (
        "It proves nothing: the credit may have been added or not. The row is in_doubt, and Chargebee's own list is "
        "asked before anything is sent again."
    )


BY_ITSELF = {
    Proof.REFUSED: "Mend the row in failed.csv as credit_error says, and run that file.",
    Proof.WAIT: "Nothing, unless it goes on for long: then another program uses the site's limit, too; see --share.",
    Proof.PAUSE: "Nothing. If the run gives up, run the same command again once the site is back.",
    Proof.STOP: "Mend what the message says, and run the same command again: it carries on.",
    Proof.NOTHING: "Nothing while the run goes on. Afterwards run the same command again. Do not credit by hand.",
}
ONLY_ASKED = "Nothing was sent: check only asks."

# What happened, what to do; the money is always `NOT_SENT`.
REJECTED = {
    "missing": ("The customer id, reference or description is empty.",
                "Fill the cell. --reference and --description fill all empty cells of their column."),
    "too_long": ("A text has more characters than Chargebee takes: 50 in an id, 250 in a description, 500 in a "
                 "reference, 33 in amount_in_decimal.", "Shorten it."),
    "control_character": ("A text holds a character that nobody can see, such as a line break, or one that turns text "
                          "around.", "Type the text again instead of pasting it."),
    "spoiled_by_excel": ("A spreadsheet or a program changed the text before it was saved: 1.2E+11 has lost its "
                         "digits, 12345.0 was a number, TRUE a truth value, #N/A is an error.",
                         "Correct it where the file comes from, with the column as text."),
    "placeholder": ("An id or a reference holds what programs write where there is no value: null, NaN, N/A, (blank).",
                    "Give the value, or take the row out."),
    "damaged_text": ("A text holds U+FFFD, which stands for a character that was lost when the file was converted.",
                     "Export it again in UTF-8, or type the text again."),
    "invalid": ("The value is none that Chargebee takes in this field.", "Correct it as the message says."),
    "no_amount": ("The row has no amount.", "Fill amount or amount_in_decimal."),
    "two_amounts": ("The row has an amount and an amount_in_decimal.", "Keep one of them."),
    "amount_not_a_number": ("The amount is no plain number.", "Write digits only: 1050, with the currency in "
                            "currency_code."),
    "amount_not_positive": ("The amount is zero or less, and this command only adds credits.", "Give an amount above "
                            "zero, or take the row out."),
    "looks_like_total": ("The row is a total of others: it says so, or its amount is exactly the sum of the rows "
                         "above, where a total would stand.",
                         "Take it out. A total without a customer id is no row to pay: it is held against the others. "
                         "If the amount is a customer's, put the row further up among the others."),
    "currency_contradicts": ("The amount names a currency, by a symbol or a code, and the row is in another one.",
                             "Find out which of the two is right, and correct the other."),
    "amount_too_large": ("The amount is larger than Chargebee can hold.", "Correct it."),
    "amount_has_decimals": ("The amount has decimals, and amounts are read as minor units (cents).",
                            "If the file is in dollars, pass --amount-unit major; else write it without decimals."),
    "amount_has_separators": ("The amount has a separator that can be read in two ways: 1,050 may be 1050 or 1.05.",
                              "Write digits only, or name the language that writes it so: --locale de_DE."),
    "amount_is_shortened": ("A spreadsheet wrote the amount in short form (1.05E+03), and may have lost digits.",
                            "Write it out."),
    "too_many_decimals": ("The amount has more decimals than its currency; nothing is rounded here.", "Correct it."),
    "currency_needed": ("The amount is in major units (dollars), and the row names no currency to count them in.",
                        "Fill currency_code, or pass --currency."),
    "exponent_unknown": ("Chargebee does not document the decimals of this currency; a guess could pay 100 times too "
                         "much.", "Ask Chargebee, then pass --currency-exponent CLP=0; or give minor units."),
    "unknown_currency": ("There is no such currency.", "Give its three-letter ISO 4217 code, such as USD."),
    "unknown_credit_type": ("There is no such credit type.", "Give general, loyalty_credits or referral_rewards."),
    "unknown_amount_unit": ("There is no such amount unit.", "Give minor or major."),
    "not_of_locale": ("The amount is not written as the language named by --locale writes it.",
                      "Correct the amount, or the option."),
    "duplicate": ("An earlier row of this file has the same customer and reference, and one customer gets one credit "
                  "for one reference.",
                  "Take the row out if it is there by mistake. If both are meant, give it another reference, or pass "
                  "--number-duplicates; from then on add such rows only below the others."),
    "conflict": ("This customer already has a credit, or a planned one, under this reference with another amount, "
                 "currency or type; or the reference is that of a credit's reversal.", "Find out which of the two is "
                 "right. If this is another credit, give it another reference."),
    "reference_resembles": ("This customer already has a row with this reference, spelt otherwise: with other "
                            "capitals, blanks or forms of letters; or the customer's id is spelt otherwise. Chargebee "
                            "would pay both.",
                            "If it is the same credit, write it as the other row does, or take it out. If it is "
                            "another credit, give it a reference that differs in more than that."),
    "numbering_moved": ("The file is read with --number-duplicates, and the numbers of this customer's rows with this "
                        "reference no longer fit what was paid under them: a row came in, went, moved or changed "
                        "above, or one of them is known in another spelling. So this row may be credited already, "
                        "under another number.",
                        "Look the customer's credits up. If the row is credited, take it out. If it is not, give it a "
                        "reference of its own; or put the rows above back as they were, and run the file again."),
    "fractional_number": ("The cell holds a number with decimals where an id or a text belongs.",
                          "Format the column as text and enter the value again."),
    "turned_into_date": ("The spreadsheet took the value for a date or a time.",
                         "Format the column as text and enter the value again."),
    "not_text": ("The cell holds a truth value, or something of an unknown kind.",
                 "Format the column as text and enter the value again."),
    "excel_error": ("The cell holds an error such as #DIV/0!.", "Correct its formula."),
    "formula_without_value": ("The cell holds a formula that was never calculated, or gives 0.",
                              "Open the file in Excel and save it."),
    "leading_zeros_lost": ("The id is a number in a column of ids that begin with 0, so it may have lost its zeros.",
                           "Format the column as text and enter the id again."),
    "not_a_number": ("The file holds NaN or an infinity where a number should be.",
                     "Correct it where the file comes from, or enter the value again."),
    "mended_before": ("What the row mends is credited already under another reference or customer, or may be yet; or "
                      "a row that mends this one is. credit_error names where.",
                      "Take the row out. If it is meant as another credit, do what credit_error says."),
    "example_row": ("The row is the example that a template comes with.", "Delete it."),
    "shown_otherwise": ("By its number format, or as its program wrote it, the cell shows something else than it "
                        "holds: 1,234,567 for 1234567, 10 for 9.99. Nobody can tell which is meant.",
                        "Format the column as text or without rounding, and enter what is meant."),
    "number_damaged": ("The number has more than 15 digits, of which spreadsheets keep 15; or all ids of its column "
                       "have so many, and end in 0.",
                       "Format the column as text and enter the value again."),
}  # fmt: skip

# What happened, the money, what to do.
REVERSED_AGAIN = (
    "The row was credited, and a reversal deducted the credit again; credit_error names its batch and the deduction.",
    "The customer had the credit once, and it was taken back once. Nothing is ever sent for this row again.",
    "Nothing, if that was meant; the exit code stays 1. To pay it again, give the row another reference.",
)

_PAYMENT = "Chargebee complains of a payment, which adding a credit does not need."
_TALK = "Ask Chargebee's support, with credit_error in hand; then run again with --retry-failed."

# HTTP status, code, proof, what happened, what to do ("": what that proof always asks for).
CHARGEBEE = (
    (400, "param_wrong_value", Proof.REFUSED, "A value is not accepted; credit_error_param names the field.", ""),
    (400, "invalid_request", Proof.REFUSED, "The values do not go together, or not with this site.", ""),
    (400, "duplicate_entry", Proof.REFUSED, "A value that must be unique is taken already.", ""),
    (400, "resource_limit_exhausted", Proof.REFUSED, "A limit of the site or the customer is used up.", _TALK),
    (400, "resource_limit_exceeded", Proof.REFUSED, "A limit of the site or the customer would be exceeded.", _TALK),
    (400, "configuration_incompatible", Proof.REFUSED, "The site is not set up for this; its currencies, for example.",
     "Change the site's settings, then run again with --retry-failed; or mend failed.csv and run it."),
    (400, "payment_processing_failed", Proof.REFUSED, _PAYMENT, _TALK),
    (400, "payment_method_verification_failed", Proof.REFUSED, _PAYMENT, _TALK),
    (400, "payment_method_not_present", Proof.REFUSED, _PAYMENT, _TALK),
    (400, "payment_gateway_currency_incompatible", Proof.REFUSED, _PAYMENT, _TALK),
    (400, "payment_intent_invalid", Proof.REFUSED, _PAYMENT, _TALK),
    (400, "payment_intent_invalid_amount", Proof.REFUSED, _PAYMENT, _TALK),
    (401, "api_authentication_failed", Proof.STOP, "Chargebee does not know the API key.",
     "Check CHARGEBEE_API_KEY and CHARGEBEE_SITE, then run the same command again: it carries on."),
    (401, "basic_authentication_failed", Proof.STOP, "Chargebee does not accept how the key was given.",
     "Check CHARGEBEE_API_KEY, then run the same command again: it carries on."),
    (403, "api_authorization_failed", Proof.STOP, "The API key may not add promotional credits.",
     "Use a key with write access to promotional credits, then run the same command again: it carries on."),
    (403, "request_blocked", Proof.STOP, "Chargebee blocks requests to this site.",
     "Talk to Chargebee's support, then run the same command again: it carries on."),
    (404, "resource_not_found", Proof.REFUSED, "There is no such customer on this site.",
     "Correct the customer id in failed.csv and run that file; or create the customer, and run with --retry-failed."),
    (404, "site_not_found", Proof.STOP, "There is no such site.",
     "Check CHARGEBEE_SITE, then run the same command again: it carries on."),
    (405, "http_method_not_supported", Proof.STOP, "The address does not take this call, as a wrong one or a proxy.",
     "Check CHARGEBEE_BASE_URL, then run the same command again: it carries on."),
    (409, "invalid_state_for_request", Proof.REFUSED, "The customer's state does not allow it.",
     "Look at the customer in Chargebee; then run again with --retry-failed, or mend the row in failed.csv."),
    (422, "unable_to_process_request", Proof.NOTHING,
     "Chargebee has seen this idempotency key with other content.", ""),
    (429, "api_request_limit_exceeded", Proof.WAIT, "The site's limit of requests is used up, by us and others.", ""),
    (429, "lock_timeout", Proof.WAIT, "Another call was busy with the same customer.", ""),
    (429, "third_party_api_request_limit_exceeded", Proof.NOTHING,
     "A service behind Chargebee was over its limit.", ""),
    (500, "internal_error", Proof.NOTHING, "Something went wrong inside Chargebee.", ""),
    (502, "502", Proof.NOTHING, "Something between here and Chargebee answered instead of it.", ""),
    (503, "site_read_only_mode", Proof.PAUSE, "The site takes no changes for now, as in a maintenance.", ""),
    (503, "site_not_ready", Proof.PAUSE, "The site is not available for now, as in a maintenance.", ""),
    (503, "internal_temporary_error", Proof.NOTHING, "Something went wrong inside Chargebee for a moment.", ""),
    (503, "db_connection_failure", Proof.NOTHING, "Chargebee lost its database for a moment.", ""),
    (504, "504", Proof.NOTHING, "Something between here and Chargebee gave up waiting for it.", ""),
)  # fmt: skip

# What happened, what to do; the money is always `ONLY_ASKED`.
CUSTOMERS = {
    "missing": ("Chargebee has no such customer.", "Correct the id, or create the customer before the run."),
    "deleted": ("The customer is deleted in Chargebee.", "Correct the id, or take the row out."),
    "other_currency": ("The customer's currency is another one than the credit's.",
                       "Make sure that it is meant."),
}  # fmt: skip
