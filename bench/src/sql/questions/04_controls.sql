-- Which controls are used, and by how many people?
select page_path, element_path, count(*) as n, count(distinct visitor_id) as visitors from events where type = 'click'
group by page_path, element_path order by n desc, page_path, element_path limit 50
