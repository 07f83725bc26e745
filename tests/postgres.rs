//! A real PostgreSQL is walked through an expand/contract change of a table with 200 000 rows while
//! three processes of a small application read and write it the whole time. The right order loses
//! no request and no row; the control, with the contract before the switch, does lose requests.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use rustix::process::Signal;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use support::pty::Pty;
use support::{Said, Sandbox, say, skip_missing, wait_until};

/// Where Debian's package has the server.
const BIN: &str = "/usr/lib/postgresql/15/bin";
/// How many processes the application has.
const PROCESSES: usize = 3;

/// A cluster of the test's own, reached through a socket in its directory.
struct Cluster {
    server: Child,
    socket: PathBuf,
}

/// The application, its processes running.
struct App {
    dir: PathBuf,
    processes: Vec<Child>,
}

/// What the application has seen by the end.
#[derive(Debug)]
struct Figures {
    requests: usize,
    failed: Vec<String>,
    rows: usize,
    lost: usize,
}

/// The user that the server runs as where the test is root, which PostgreSQL refuses to be.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("there is a list of users");
    let id = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(
        id("postgres")
            .or_else(|| id("nobody"))
            .expect("there is somebody to run it as"),
    )
}

/// A program of the server, to be run as its user.
fn program(name: &str) -> Command {
    let mut command = Command::new(Path::new(BIN).join(name));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/");
    if let Some((uid, gid)) = server_user() {
        command.uid(uid).gid(gid);
    }
    command
}

impl Cluster {
    /// Starts a server in the sandbox; none where PostgreSQL is not installed.
    fn start(sandbox: &Sandbox) -> Option<Self> {
        if !Path::new(BIN).join("postgres").exists() {
            skip_missing("PostgreSQL 15");
            return None;
        }
        let socket = sandbox.path("pg");
        std::fs::create_dir(&socket).expect("the sandbox is writable");
        // The server's user has to pass through the sandbox.
        for path in [sandbox.path(""), socket.clone()] {
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, mode).expect("the sandbox is ours");
        }
        if let Some((uid, gid)) = server_user() {
            chown(&socket, Some(uid), Some(gid)).expect("root may give directories away");
        }
        let data = socket.join("data");
        let made = program("initdb")
            .args([
                "--auth=trust",
                "--username=shop",
                "--no-sync",
                "--encoding=UTF8",
                "-D",
            ])
            .arg(&data)
            .output()
            .expect("initdb can be started");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let log = std::fs::File::create(sandbox.path("server.log")).expect("the sandbox is ours");
        let server = program("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&socket)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "autovacuum=off",
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("descriptors are left"))
            .stderr(log)
            .spawn()
            .expect("the server can be started");
        let cluster = Self { server, socket };
        wait_until("the server answers", || {
            cluster.sql("postgres", "select 1").is_ok()
        });
        cluster.must("postgres", "create database shop");
        Some(cluster)
    }

    /// Gives psql an environment that leads here.
    fn lead(&self, command: &mut Command) {
        command
            .env("PGHOST", &self.socket)
            .env("PGUSER", "shop")
            .env("PGDATABASE", "shop");
    }

    fn sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut command = program("psql");
        self.lead(&mut command);
        command
            .env("PGDATABASE", database)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut psql = command.spawn().expect("psql can be started");
        let mut input = psql.stdin.take().expect("its input is a pipe");
        // Where psql cannot connect it reads nothing; its status says so.
        let _ = input.write_all(text.as_bytes());
        drop(input);
        let output = psql.wait_with_output().expect("psql ends");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn must(&self, database: &str, text: &str) -> String {
        let answer = self.sql(database, text);
        assert!(answer.is_ok(), "{text}\n{answer:?}");
        answer.unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // An immediate end: nothing of it is kept.
        support::kill(i32::try_from(self.server.id()).unwrap_or(0), Signal::QUIT);
        let _ = self.server.wait();
    }
}

impl App {
    /// Fills the table and starts the processes on version 1.
    fn start(sandbox: &Sandbox, cluster: &Cluster) -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres");
        let plans = sandbox.path("shop");
        support::copy_folder(&fixture, &plans);
        let schema = std::fs::read_to_string(plans.join("app/schema.sql")).expect("it was copied");
        cluster.must("shop", &schema);
        let dir = sandbox.path("app");
        support::copy_folder(&plans.join("app"), &dir);
        std::fs::write(dir.join("current"), "1\n").expect("the sandbox is ours");
        let mut processes = Vec::new();
        for number in 1..=PROCESSES {
            let mut command = Command::new("bash");
            command.arg(dir.join("app.sh")).arg(number.to_string());
            sandbox.settle(&mut command);
            cluster.lead(&mut command);
            command
                .env("APP", &dir)
                .env("LC_ALL", "C.UTF-8")
                .stdin(Stdio::null());
            let process = command.spawn().expect("bash can be started");
            let pid = dir.join(format!("pid-{number}"));
            std::fs::write(pid, format!("{}\n", process.id())).expect("the sandbox is ours");
            processes.push(process);
        }
        let app = Self { dir, processes };
        wait_until("the application serves", || {
            (1..=PROCESSES).all(|number| app.dir.join(format!("serving-{number}")).exists())
        });
        app
    }

    /// Ends the processes and counts.
    fn stop(&mut self, cluster: &Cluster) -> Figures {
        std::fs::write(self.dir.join("stop"), "").expect("the sandbox is ours");
        for process in &mut self.processes {
            let status = process.wait().expect("a process of the application ends");
            assert!(
                status.success(),
                "a process of the application ended with {status}"
            );
        }
        let read = |kind: &str| -> String {
            let file = |number| self.dir.join(format!("{kind}-{number}"));
            let read = |number| std::fs::read_to_string(file(number)).expect("it was written");
            (1..=PROCESSES).map(read).collect()
        };
        let requests = read("requests");
        let failed = requests
            .lines()
            .filter(|line| line.contains(" failed "))
            .map(str::to_owned);
        let compare = format!(
            "create temporary table written (n bigint, id bigint, value text);\n\
             copy written from stdin;\n{}\\.\n\
             with last as (select distinct on (id) id, value from written order by id, n desc), \
             expected as (select id, value from last union all \
             select n, 'Person ' || n from generate_series(1, 200000) n) \
             select count(*), count(*) filter (where a.display_name is distinct from e.value) \
             from expected e left join accounts a using (id);",
            read("written")
        );
        let answer = cluster.must("shop", &compare);
        let (rows, lost) = answer.split_once('|').expect("two counts were asked for");
        Figures {
            requests: requests.lines().count(),
            failed: failed.collect(),
            rows: rows.parse().expect("a count"),
            lost: lost.parse().expect("a count"),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // A test that failed leaves them running.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Figures {
    fn print(&self, walk: &str) {
        say(&format!(
            "PostgreSQL, {walk}: {} requests, {} failed, {} rows, {} lost",
            self.requests,
            self.failed.len(),
            self.rows,
            self.lost
        ));
    }
}

/// The arguments that lead a plan to the application and the cluster.
fn sets(app: &App, cluster: &Cluster) -> Vec<String> {
    [("app", &app.dir), ("socket", &cluster.socket)]
        .into_iter()
        .flat_map(|(name, path)| ["--set".to_owned(), format!("{name}={}", path.display())])
        .collect()
}

/// Walks a plan to its end without a screen: everything accepted beforehand, and at each stop the
/// command that upwalk prints.
fn walk_unattended(sandbox: &Sandbox, plan: &Path, sets: &[String]) -> Said {
    let up = |more: &[String]| {
        let args = ["up".to_owned(), plan.display().to_string()];
        sandbox.run(args.iter().chain(sets).chain(more))
    };
    let shown = up(&["--plan".to_owned()]);
    assert_eq!(shown.code, Some(0), "{shown}");
    let accepts = support::accepts(&shown.out);
    assert_eq!(
        accepts.len(),
        4,
        "two warnings have to be accepted: {shown}"
    );
    let mut said = up(&[vec!["--ui".to_owned(), "none".to_owned()], accepts].concat());
    let mut stops = 0;
    while said.code == Some(4) && stops < 3 {
        stops += 1;
        let line = said.line_to_type("continue");
        said = sandbox.type_line(&format!("{line} --wait"));
    }
    said
}

#[test]
fn the_plan_and_its_control_are_both_valid() {
    support::expect_valid_plan("tests/postgres/plan.yaml");
    support::expect_valid_plan("tests/postgres/wrong-order.yaml");
}

#[test]
fn the_right_order_loses_no_request_and_no_row_walked_without_a_screen() {
    let sandbox = Sandbox::new();
    let Some(cluster) = Cluster::start(&sandbox) else {
        return;
    };
    let mut app = App::start(&sandbox, &cluster);
    let sets = sets(&app, &cluster);
    let said = walk_unattended(&sandbox, &sandbox.path("shop/plan.yaml"), &sets);
    assert_eq!(said.code, Some(0), "{said}");
    let figures = app.stop(&cluster);
    figures.print("right order, --ui none");
    expect_no_loss(&figures);
    expect_contracted(&cluster);
}

#[test]
fn the_wrong_order_loses_requests_so_the_walk_can_fail() {
    let sandbox = Sandbox::new();
    let Some(cluster) = Cluster::start(&sandbox) else {
        return;
    };
    let mut app = App::start(&sandbox, &cluster);
    let sets = sets(&app, &cluster);
    let said = walk_unattended(&sandbox, &sandbox.path("shop/wrong-order.yaml"), &sets);
    assert_eq!(said.code, Some(0), "{said}");
    let figures = app.stop(&cluster);
    figures.print("contract before the switch");
    assert!(
        !figures.failed.is_empty(),
        "version 1 cannot run without its column"
    );
    assert!(
        figures
            .failed
            .iter()
            .all(|line| line.starts_with("1 ") && line.contains("full_name")),
        "only version 1 fails, and only for its column: {:?}",
        figures.failed.first()
    );
}

#[test]
fn the_right_order_loses_no_request_and_no_row_walked_on_the_screen() {
    let sandbox = Sandbox::new();
    let Some(cluster) = Cluster::start(&sandbox) else {
        return;
    };
    let mut app = App::start(&sandbox, &cluster);
    let plan = sandbox.path("shop/plan.yaml").display().to_string();
    let args = ["up".to_owned(), plan]
        .into_iter()
        .chain(sets(&app, &cluster));
    let mut pty = Pty::start(&sandbox.upwalk(args), 80, 24);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("Nothing goes on until you acknowledge.");
    pty.send("a");
    pty.wait_for("You may continue whenever you are ready");
    pty.send("C");
    pty.wait_for("Nothing goes on until then.");
    pty.send_slowly("drop full_name");
    pty.send("\r");
    pty.wait_for("FINISHED");
    pty.send("q");
    assert_eq!(pty.wait().code(), Some(0));
    let figures = app.stop(&cluster);
    figures.print("right order, on the screen");
    expect_no_loss(&figures);
    expect_contracted(&cluster);
}

fn expect_no_loss(figures: &Figures) {
    assert_eq!(figures.failed, Vec::<String>::new());
    assert!(
        figures.requests > 300,
        "the application has hardly worked: {figures:?}"
    );
    assert!(
        figures.rows > 200_000,
        "the application has written nothing: {figures:?}"
    );
    assert_eq!(figures.lost, 0);
}

fn expect_contracted(cluster: &Cluster) {
    let columns = "select string_agg(column_name, ' ' order by column_name) \
                   from information_schema.columns where table_name = 'accounts'";
    assert_eq!(cluster.must("shop", columns), "display_name id");
}
