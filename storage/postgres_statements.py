"""SQL of the passage index in PostgreSQL."""

from sqlalchemy import text

from storage.passage_index import FIELDS

SCHEMA = """
DROP TABLE IF EXISTS passage_index, passage_terms, passage_size;
CREATE TABLE passage_index (
  id bigint PRIMARY KEY, document_id bigint NOT NULL, key bigint NOT NULL,
  words text[] NOT NULL, word_counts bytea NOT NULL, word_length real NOT NULL,
  grams text[] NOT NULL, gram_counts bytea NOT NULL, gram_length real NOT NULL,
  vector vector({dimension}) NOT NULL);
CREATE TABLE passage_terms (
  field text, term text, passages integer NOT NULL, PRIMARY KEY (field, term));
CREATE TABLE passage_size (
  field text PRIMARY KEY, passages bigint NOT NULL, length double precision NOT NULL);
CREATE INDEX ON passage_index (document_id);
CREATE INDEX ON passage_index USING gin (words) WITH (fastupdate = off);
CREATE INDEX ON passage_index USING gin (grams) WITH (fastupdate = off);
CREATE INDEX ON passage_index USING hnsw (vector vector_ip_ops)
"""

INSERT = text(
    "INSERT INTO passage_index VALUES (:id, :document_id, :key, :words, :word_counts,"
    " :word_length, :grams, :gram_counts, :gram_length, CAST(:vector AS vector))"
)

COUNT_TERMS = """
INSERT INTO passage_terms (field, term, passages)
SELECT :field, term, CAST(:sign AS integer) * count(*)
FROM passage_index, unnest({field}s) AS term WHERE id = ANY(:ids) GROUP BY term
ON CONFLICT (field, term) DO UPDATE SET passages = passage_terms.passages + EXCLUDED.passages
"""

COUNT_SIZE = """
UPDATE passage_size SET passages = passage_size.passages + CAST(:sign AS integer) * new.passages,
  length = passage_size.length + CAST(:sign AS integer) * new.length
FROM (SELECT count(*) AS passages, coalesce(sum({field}_length), 0) AS length
      FROM passage_index WHERE id = ANY(:ids)) AS new
WHERE passage_size.field = :field
"""

MATCHING = {
    field: f"""
WITH asked AS (
  SELECT a.term, a.weight, s.passages, sum(s.passages) OVER (ORDER BY a.weight DESC, a.term) AS read
  FROM unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS a(term, weight)
  JOIN passage_terms s ON s.field = :field AND s.term = a.term)
SELECT p.id FROM asked JOIN passage_index p
  ON p.{field}s @> ARRAY[asked.term] AND (asked.read <= :read OR asked.read = asked.passages)
{{only}} GROUP BY p.id ORDER BY sum(asked.weight) DESC, p.id LIMIT :limit
"""
    for field in FIELDS
}

NEAREST = """
SELECT p.id FROM passage_index p {only} ORDER BY p.vector <#> CAST(:vector AS vector) LIMIT :limit
"""

FETCH = text(
    "SELECT id, document_id, word_counts, word_length, gram_counts, gram_length,"
    " vector_send(vector) AS vector FROM passage_index WHERE id = ANY(:ids) ORDER BY id"
)
