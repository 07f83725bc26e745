# Version 1 of the application's code: it knows the column full_name.
insert_account() { echo "insert into accounts (full_name) values ('$1') returning id"; }
read_account() { echo "select full_name from accounts where id = $1"; }
rename_account() { echo "update accounts set full_name = '$2' where id = $1 returning id"; }
