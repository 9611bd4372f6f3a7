-- From which pages do people leave, and how far down had they got?
select page_path, count(*) as n, sum(case when next_page is null then 1 else 0 end) as exits,
    avg(max_scroll_y) as scrolled, avg(engaged_ms) as engaged_ms
from page_views group by page_path order by n desc, page_path limit 30
