"""I2 and I11: one 人次 per person and day, merged people one person; persons are counted right."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from guidance.counting.invariants.violation import MOST
from guidance.counting.tally import person_years_sql
from guidance.lifecycle import HOLDS_DAY_SQL

# What holds a day, less what was voided and more what was added since. Of two locked ones
# of a person found to be one, the ledger itself proposes to void one; until it is posted
# the day is accounted for.
_DOUBLED = f"""
SELECT coalesce(people.merged_into, steps.person) AS holder, steps.count_on AS day,
  sum(step) AS times
FROM (
  SELECT counts_for AS person, count_on, 1 AS step FROM guidance_sessions WHERE {HOLDS_DAY_SQL}
  UNION ALL
  SELECT person, count_on, amount FROM adjustments WHERE status = 'posted' AND amount <> 0
  UNION ALL
  SELECT person, count_on, -1 FROM adjustments AS open
  WHERE kind = 'void' AND status = 'proposed' AND NOT EXISTS (
    SELECT 1 FROM adjustments AS other WHERE other.session_id = open.session_id
    AND other.kind = 'void'
    AND (other.status = 'posted' OR other.status = 'proposed' AND other.id < open.id)
  )
) AS steps LEFT JOIN people ON people.reference = steps.person
GROUP BY 1, 2 HAVING sum(step) > 1 ORDER BY 2 LIMIT {MOST}
"""
_UNLIKE = """
WITH expected AS ({expected})
SELECT e.year, e.times, coalesce(s.count, 0) AS stored FROM expected e
LEFT JOIN person_years s ON s.year = e.year AND s.person = e.person
WHERE e.times <> coalesce(s.count, 0)
UNION ALL
SELECT s.year, 0, s.count FROM person_years s
LEFT JOIN expected e ON e.year = s.year AND e.person = s.person
WHERE e.person IS NULL AND s.count <> 0
LIMIT {most}
"""
_PERSONS = """
SELECT y.year, y.persons AS stored, coalesce(c.persons, 0) AS rows_stored,
  coalesce(c.times, 0) AS times
FROM (
  SELECT year, persons FROM year_persons
  UNION ALL
  SELECT DISTINCT year, 0 FROM person_years
  WHERE count > 0 AND year NOT IN (SELECT year FROM year_persons)
) AS y LEFT JOIN (
  SELECT year, count(*) AS persons, sum(count) AS times FROM person_years
  WHERE count > 0 GROUP BY year
) AS c ON c.year = y.year ORDER BY 1
"""


def i2_one_a_day(db: Session) -> Iterator[str]:
    """Nobody counts twice on a day, or is on the way to."""
    for row in db.execute(text(_DOUBLED)):
        yield f"同一人在 {row.day} 有 {row.times} 条计数或待计数的记录"


def i11_persons(db: Session) -> Iterator[str]:
    """Persons are at most sessions, and as many as the sessions name."""
    expected = person_years_sql(db)
    for row in db.execute(text(_UNLIKE.format(expected=expected, most=MOST))):
        yield f"{row.year} 年一人应有 {row.times} 人次，存为 {row.stored}"
    for row in db.execute(text(_PERSONS)):
        if row.stored != row.rows_stored:
            yield f"{row.year} 年应有 {row.rows_stored} 人，汇总 {row.stored} 人"
        if row.stored > row.times:
            yield f"{row.year} 年的人数多于人次"
