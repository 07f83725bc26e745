# Version 1 of the application's code: each function leaves its statement in $sql. It knows the column full_name.
insert_account() { sql="insert into accounts (full_name) values ('$1') returning id"; }
read_account() { sql="select full_name from accounts where id = $1"; }
rename_account() { sql="update accounts set full_name = '$2' where id = $1 returning id"; }
