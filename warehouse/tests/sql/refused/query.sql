select x from (values (1),(1),(2),(null),(null)) t(x) except all select x from (values (1),(null)) u(x) order by 1;
select x from (values (1),(1),(2),(null),(null)) t(x) intersect all select x from (values (1),(1),(1),(null)) u(x) order by 1;
select to_char(timestamp '2024-12-29 10:20:30', 'YYYY-MM-DD');
select 'abc' similar to 'a%', 'a' || 'b' || null;
select 'abc' similar to 'a%';
