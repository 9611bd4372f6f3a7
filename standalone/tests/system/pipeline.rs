//! Our processes on the real parts: collectors behind HAProxy, stream jobs, the shop; and the faults that tests inflict.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Parts, Process, Run, Warehouse, binary, eventually, free_port, get};

const WRITE_KEY: &str = "key-of-a-test";
const SITE_ID: &str = "shop";
pub(crate) const PARTITIONS: u32 = 4;
const READY_WAIT: Duration = Duration::from_secs(120);

/// How many of each, and what differs from the defaults.
#[derive(Clone, Debug)]
pub(crate) struct PipelineOptions {
    pub collectors: usize,
    pub stream_jobs: usize,
    /// The collector's bounded memory; `None`: its default.
    pub window_bytes: Option<u64>,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self { collectors: 1, stream_jobs: 1, window_bytes: None }
    }
}

/// One process that can be started again as it was.
struct Member {
    name: String,
    command: Launch,
    /// Answers 200 at `/health/ready` when it is ready.
    health_url: String,
    process: Process,
}

/// A command line, kept: `Command` cannot be cloned.
#[derive(Clone, Debug)]
struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// The system under test; everything ends with it.
pub(crate) struct Pipeline {
    collectors: Vec<Member>,
    stream_jobs: Vec<Member>,
    collector_urls: Vec<String>,
    /// Where browsers send: HAProxy when there are several collectors.
    edge_url: String,
    shop_port: u16,
    shop: Option<Process>,
    store: String,
    environment: Vec<(String, String)>,
}

impl Pipeline {
    /// Starts everything and waits until it is ready. The topics and the prefix in the bucket are this run's own.
    pub(crate) fn start(run: &Run, parts: &Parts, options: &PipelineOptions) -> Self {
        for topic in ["telemetry.events", "telemetry.replay", "telemetry.dead_letter"] {
            parts.create_topic(topic, PARTITIONS);
        }
        let store = format!(
            "s3://{}/{}",
            parts.address("s3_bucket"),
            run.folder().file_name().expect("a name").to_string_lossy()
        );
        let environment = s3_environment(parts);
        let shop_port = free_port();
        let ports: Vec<_> = (0..options.collectors).map(|_| (free_port(), free_port())).collect();
        let collectors = start_collectors(run, parts, options, &ports, shop_port);
        let stream_jobs = start_stream_jobs(run, parts, options, &store, &environment);
        let addresses: Vec<_> = ports.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        let collector_urls: Vec<_> = addresses.iter().map(|address| format!("http://{address}")).collect();
        let edge_url = if addresses.len() > 1 { parts.balance(&addresses) } else { collector_urls[0].clone() };
        let mut pipeline =
            Self { collectors, stream_jobs, collector_urls, edge_url, shop_port, shop: None, store, environment };
        for member in pipeline.collectors.iter_mut().chain(&mut pipeline.stream_jobs) {
            member.wait_until_ready();
        }
        pipeline
    }

    /// Serves the demo shop, which sends to the edge; returns its URL.
    pub(crate) fn start_shop(&mut self, run: &Run) -> String {
        let address = format!("127.0.0.1:{}", self.shop_port);
        let url = format!("http://{address}");
        let mut command = Command::new(binary("standalone"));
        command.args(["shop", "--listen", &address, "--collector-url", &self.edge_url, "--write-key", WRITE_KEY]);
        let mut shop = Process::start(run, "shop", &mut command);
        eventually("the shop answers", READY_WAIT, || {
            shop.expect_running();
            get(&format!("{url}/")).and_then(|answer| if answer.status == 200 { Ok(()) } else { Err(answer.body) })
        });
        self.shop = Some(shop);
        url
    }

    pub(crate) fn warehouse(&self) -> Warehouse {
        Warehouse::new(&self.store, &self.environment)
    }

    pub(crate) fn write_key(&self) -> &'static str {
        WRITE_KEY
    }

    /// Where browsers send.
    pub(crate) fn edge_url(&self) -> &str {
        &self.edge_url
    }

    /// One collector's own address.
    pub(crate) fn collector_url(&self, number: usize) -> String {
        self.collector_urls[number].clone()
    }

    pub(crate) fn collector(&self, number: usize) -> &Process {
        &self.collectors[number].process
    }

    pub(crate) fn stream_job(&self, number: usize) -> &Process {
        &self.stream_jobs[number].process
    }

    /// SIGKILL, then the same command line again; returns when it is ready.
    pub(crate) fn kill_and_restart_collector(&mut self, run: &Run, number: usize) {
        self.collectors[number].kill_and_restart(run);
    }

    /// SIGKILL, then the same command line again; returns when it is ready.
    pub(crate) fn kill_and_restart_stream_job(&mut self, run: &Run, number: usize) {
        self.stream_jobs[number].kill_and_restart(run);
    }

    pub(crate) fn kill_stream_job(&mut self, number: usize) {
        self.stream_jobs[number].process.kill();
    }

    /// The same command line again; does not wait.
    pub(crate) fn start_stream_job(&mut self, run: &Run, number: usize) {
        self.stream_jobs[number].launch(run);
    }

    /// What `/health/ready` of a stream job answers; the error is the connection's.
    pub(crate) fn stream_job_health(&self, number: usize) -> Result<super::Answer, String> {
        get(&format!("{}/health/ready", self.stream_jobs[number].health_url))
    }

    /// Runs the command that a stream job told its operator, `stream-jobs resume …`, with its own configuration.
    pub(crate) fn obey_stream_job(&self, number: usize, told: &str) {
        let launch = &self.stream_jobs[number].command;
        let words: Vec<&str> = told.split_whitespace().skip(1).collect();
        let done = Command::new(&launch.program)
            .args(&words)
            .args(launch.arguments.iter().skip_while(|argument| *argument != "--config"))
            .envs(launch.environment.iter().cloned())
            .output()
            .unwrap_or_else(|error| panic!("{told}: {error}"));
        assert!(done.status.success(), "{told}: {}", String::from_utf8_lossy(&done.stderr));
        print!("{}", String::from_utf8_lossy(&done.stdout));
    }

    /// Panics when a process has ended that nobody killed.
    pub(crate) fn everything_runs(&mut self) {
        for member in self.collectors.iter_mut().chain(&mut self.stream_jobs) {
            member.process.expect_running();
        }
    }
}

impl Member {
    fn start(run: &Run, name: String, command: Launch, health_url: String) -> Self {
        let process = Process::start(run, &name, &mut command.command());
        Self { name, command, health_url, process }
    }

    fn wait_until_ready(&mut self) {
        eventually(&format!("{} is ready", self.name), READY_WAIT, || {
            self.process.expect_running();
            let answer = get(&format!("{}/health/ready", self.health_url))?;
            if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.body)) }
        });
    }

    /// The same command line again.
    fn launch(&mut self, run: &Run) {
        self.process = Process::start(run, &self.name, &mut self.command.command());
    }

    fn kill_and_restart(&mut self, run: &Run) {
        self.process.expect_running();
        self.process.kill();
        self.launch(run);
        self.wait_until_ready();
    }
}

impl Launch {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command
    }
}

/// The variables by which object_store finds the S3 server.
fn s3_environment(parts: &Parts) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT", parts.address("s3_endpoint")),
        ("AWS_REGION", parts.address("s3_region")),
        ("AWS_ACCESS_KEY_ID", parts.address("s3_access_key")),
        ("AWS_SECRET_ACCESS_KEY", parts.address("s3_secret_key")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn start_collectors(
    run: &Run,
    parts: &Parts,
    options: &PipelineOptions,
    ports: &[(u16, u16)],
    shop_port: u16,
) -> Vec<Member> {
    let window =
        options.window_bytes.map(|bytes| format!("[limits]\nwindow_bytes_max = {bytes}\n")).unwrap_or_default();
    let start = |(number, (port, internal_port)): (usize, &(u16, u16))| {
        let text = format!(
            r#"listen = "127.0.0.1:{port}"
internal_listen = "127.0.0.1:{internal_port}"
trusted_proxies = ["127.0.0.1/32"]
{window}[kafka]
bootstrap = "{kafka}"
[registry]
url = "{registry}"
[[sites]]
site_id = "{SITE_ID}"
write_key = "{WRITE_KEY}"
allowed_origins = ["http://127.0.0.1:{shop_port}"]
"#,
            kafka = parts.address("kafka_bootstrap"),
            registry = parts.address("registry_url"),
        );
        let name = format!("collector-{number}");
        let launch = Launch {
            program: binary("collector"),
            arguments: config_arguments(run, &name, &text),
            environment: Vec::new(),
        };
        Member::start(run, name, launch, format!("http://127.0.0.1:{port}"))
    };
    ports.iter().enumerate().map(start).collect()
}

fn start_stream_jobs(
    run: &Run,
    parts: &Parts,
    options: &PipelineOptions,
    store: &str,
    environment: &[(String, String)],
) -> Vec<Member> {
    let start = |number: usize| {
        let port = free_port();
        let text = format!(
            r#"store = "{store}"
internal_address = "127.0.0.1:{port}"
brokers = "{kafka}"
registry = "{registry}"
"#,
            kafka = parts.address("kafka_bootstrap"),
            registry = parts.address("registry_url"),
        );
        let name = format!("stream-job-{number}");
        let mut arguments = vec!["run".to_owned()];
        arguments.extend(config_arguments(run, &name, &text));
        let launch = Launch { program: binary("stream-jobs"), arguments, environment: environment.to_vec() };
        Member::start(run, name, launch, format!("http://127.0.0.1:{port}"))
    };
    (0..options.stream_jobs).map(start).collect()
}

fn config_arguments(run: &Run, name: &str, text: &str) -> Vec<String> {
    let path = run.folder().join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    vec!["--config".to_owned(), path.display().to_string()]
}
