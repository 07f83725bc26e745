create table accounts (id bigserial primary key, full_name text not null);
insert into accounts (full_name) select 'Person ' || n from generate_series(1, 200000) n;
analyze accounts;
