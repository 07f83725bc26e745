-- The new column beside the old one; whichever is written, the other follows.
begin;
alter table accounts add column display_name text;
create function accounts_names() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.display_name is null then
            new.display_name := new.full_name;
        else
            new.full_name := new.display_name;
        end if;
    elsif new.display_name is distinct from old.display_name then
        new.full_name := new.display_name;
    elsif new.full_name is distinct from old.full_name then
        new.display_name := new.full_name;
    end if;
    return new;
end
$$;
create trigger accounts_names before insert or update on accounts
    for each row execute function accounts_names();
commit;
