-- Which fields give people trouble?
select page_path, element_path, count(*) as n, avg(hesitation_ms) as hesitation_ms, sum(corrections) as corrections,
    sum(case when last and submit_after_ms is null then 1 else 0 end) as left_here
from fields group by page_path, element_path order by n desc, page_path, element_path limit 30
