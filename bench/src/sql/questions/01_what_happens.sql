-- What happens on this site at all?
select type, count(*) as n from events group by type order by n desc, type
