-- Where do people click in anger?
with clicked as (
    select element_path, occurred_at,
        lag(occurred_at, 2) over (partition by session_id, element_path order by occurred_at, seq) as before
    from events where type = 'click'
)
select element_path, count(*) as n from clicked where occurred_at - before <= interval '1 second'
group by element_path order by n desc, element_path limit 20
