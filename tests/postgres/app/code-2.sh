# Version 2 of the application's code: each function leaves its statement in $sql. It knows the column display_name.
insert_account() { sql="insert into accounts (display_name) values ('$1') returning id"; }
read_account() { sql="select display_name from accounts where id = $1"; }
rename_account() { sql="update accounts set display_name = '$2' where id = $1 returning id"; }
