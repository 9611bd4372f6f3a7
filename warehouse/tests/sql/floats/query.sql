select power(a, 0), power(1, a), a * 0, a = a, a <> a, a and not a from (select null::float8 as a) t;
select power(a, 0), a * 0, a = a, a <> a, a <= a from (values (cast(null as float8)),(2.0)) t(a) order by a;
select x from (values ('NaN'::float8),(1.0),('Infinity'::float8),('-Infinity'::float8),(null)) t(x) order by x;
select x = x, x > 1, x < 1 from (values ('NaN'::float8)) t(x);
select x from (values (0.0::float8)) t(x) where x = -0.0;
select 1 = 1.0, 1 = '1', '1' = 1, 0.1 = 0.1::float8, 9007199254740993 = 9007199254740992::float8;
select 9007199254740993::bigint = 9007199254740992.0::float8, 9007199254740993 > 9007199254740992.5;
select cast('nan' as float8)::int;
