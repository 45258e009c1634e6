-- What SQLite is taught by functions.py, in PostgreSQL's own words. 1.5 and 1.50 are one; what is no number is none.
CREATE FUNCTION same_decimal(one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(CASE WHEN one ~ '^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$'
    AND other ~ '^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$' THEN CAST(one AS numeric) = CAST(other AS numeric) END, false)
$$;

-- Whether a deduction took what a credit gave, as far as the credit names it: a list names every currency.
CREATE FUNCTION same_money(
    minor bigint, in_decimal text, currency text, other_minor bigint, other_in_decimal text, other_currency text
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT minor IS NOT DISTINCT FROM other_minor
   AND (in_decimal IS NULL AND other_in_decimal IS NULL OR same_decimal(in_decimal, other_in_decimal))
   AND (currency IS NULL OR currency IS NOT DISTINCT FROM other_currency)
$$;
