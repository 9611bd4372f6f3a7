with events as (
    select * from (values
        ('t1', 1, 'click', '#buy', cast(null as bigint), cast(null as varchar), cast(null as double)),
        ('t1', 2, 'effect', null, 1, 'dom', 34.5),
        ('t1', 3, 'click', '#buy', null, null, null),
        ('t1', 4, 'effect', null, 3, 'request', 2500.0),
        ('t1', 5, 'click', '#buy', null, null, null),
        ('t1', 6, 'effect', null, 5, 'navigation', 2500.5),
        ('t1', 7, 'click', '#help', null, null, null),
        ('t1', 8, 'effect', null, 7, 'none', null),
        ('t2', 7, 'click', '#help', null, null, null),
        ('t2', 8, 'effect', null, 7, 'dialog', 7000.0),
        ('t2', 9, 'click', '#help', null, null, null)
    ) as v (tab_id, seq, type, element_path, effect_of_seq, effect_kind, effect_after_ms)
)
select c.element_path, count(*) as clicks, count(e.effect_kind) as judged,
    count(*) filter (where e.effect_kind = 'none') as dead,
    count(*) filter (where e.effect_after_ms > 2500) as slow
from events c
left join events e on e.tab_id = c.tab_id and e.effect_of_seq = c.seq and e.type = 'effect'
where c.type = 'click'
group by c.element_path
order by c.element_path;

with events as (
    select * from (values
        ('t1', 1, 'click', timestamp '2026-11-26 12:00:00.000', cast(null as bigint), cast(null as double), cast(null as double), cast(null as varchar)),
        ('t1', 2, 'long_frame', timestamp '2026-11-26 11:59:59.900', null, null, 99.5, 'ended before'),
        ('t1', 3, 'long_frame', timestamp '2026-11-26 11:59:59.900', null, null, 150.0, 'began before'),
        ('t1', 4, 'long_frame', timestamp '2026-11-26 12:00:01.000', null, null, 900.0, 'between'),
        ('t1', 5, 'effect', timestamp '2026-11-26 12:00:03.000', 1, 3000.0, null, null),
        ('t1', 6, 'long_frame', timestamp '2026-11-26 12:00:03.001', null, null, 60.0, 'after'),
        ('t2', 4, 'long_frame', timestamp '2026-11-26 12:00:01.000', null, null, 900.0, 'of another tab')
    ) as v (tab_id, seq, type, occurred_at, effect_of_seq, effect_after_ms, duration_ms, frame_script)
)
select c.seq, f.frame_script, f.duration_ms
from events c
join events e on e.tab_id = c.tab_id and e.effect_of_seq = c.seq and e.type = 'effect'
join events f on f.tab_id = c.tab_id and f.type = 'long_frame'
    and 1000 * (extract(epoch from f.occurred_at) - extract(epoch from c.occurred_at)) between -f.duration_ms and e.effect_after_ms
where c.type = 'click' and e.effect_after_ms > 2500
order by f.duration_ms desc;
