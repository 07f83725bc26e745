# Version 2 of the application's code: it knows the column display_name.
insert_account() { echo "insert into accounts (display_name) values ('$1') returning id"; }
read_account() { echo "select display_name from accounts where id = $1"; }
rename_account() { echo "update accounts set display_name = '$2' where id = $1 returning id"; }
