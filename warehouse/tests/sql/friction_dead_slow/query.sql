-- Each tab is a case of its own. A click without an effect that was told, as of an older SDK, is never called dead.
select signal, tab_id, measure from friction where signal in ('dead_click', 'slow_click') order by tab_id;
