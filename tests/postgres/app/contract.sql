-- Fails rather than queue behind a long transaction, which would make everybody else wait.
set lock_timeout = '10s';
begin;
drop trigger accounts_names on accounts;
drop function accounts_names;
alter table accounts drop column full_name;
alter table accounts alter column display_name set not null;
commit;
