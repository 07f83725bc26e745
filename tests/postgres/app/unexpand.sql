begin;
drop trigger if exists accounts_names on accounts;
drop function if exists accounts_names;
alter table accounts drop column if exists display_name;
commit;
