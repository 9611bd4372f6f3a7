-- Which buttons answer late, or not at all?
select page_path, element_path, count(*) as n, count(first_effect_ms) as answered, avg(first_effect_ms) as answer_ms
from clicks where element_tag = 'button' group by page_path, element_path
order by n desc, page_path, element_path limit 30
