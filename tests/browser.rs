//! A headless Chromium, told what to do through its DevTools protocol over two pipes: no port, and no other program.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

/// A browser with one page.
pub(crate) struct Browser {
    process: Child,
    orders: File,
    answers: BufReader<File>,
    session: Option<String>,
    asked: u64,
    events: Vec<Value>,
    /// Its profile and the pipes; removed with it.
    _folder: TempDir,
}

/// Nothing that a page does not need, and nobody that it could call.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "about:blank",
];

impl Browser {
    /// Starts one. It must be there in CI; elsewhere a test without one says that it is skipped.
    pub(crate) fn start() -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output();
        if !found.is_ok_and(|output| output.status.success()) {
            let required = std::env::var_os("ANNEAL_REQUIRE_BROWSER").is_some();
            assert!(!required, "no chromium, and there must be one here");
            eprintln!("skipped: no chromium");
            return None;
        }
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let pipes = Command::new("mkfifo")
            .args([path("orders"), path("answers")])
            .status();
        assert!(pipes.unwrap().success());
        // Chromium reads orders from the third file that it finds open, and answers into the fourth.
        let process = Command::new("sh")
            .args([
                "-c",
                "exec timeout 300 chromium \"$@\" 3<orders 4>answers 2>log",
                "sh",
            ])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", path("profile").display()))
            .current_dir(folder.path())
            .spawn();
        let mut browser = Self {
            process: process.unwrap(),
            orders: OpenOptions::new().write(true).open(path("orders")).unwrap(),
            answers: BufReader::new(File::open(path("answers")).unwrap()),
            session: None,
            asked: 0,
            events: Vec::new(),
            _folder: folder,
        };
        let page = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Gives one order, and waits for its answer.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut order = json!({ "id": self.asked, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        self.orders
            .write_all(format!("{order}\0").as_bytes())
            .unwrap();
        loop {
            let message = self.next();
            if message["id"] == self.asked {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "chromium has gone");
        serde_json::from_slice(&message).unwrap()
    }

    /// Opens a file, and waits until it is there.
    pub(crate) fn open(&mut self, file: &Path) {
        self.events.clear();
        let url = format!("file://{}", file.display());
        let answer = self.ask("Page.navigate", json!({ "url": url }));
        assert!(answer["errorText"].is_null(), "{answer}");
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// What went wrong since the page was opened: exceptions, and everything on the console.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let wrong = [
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        ];
        let complaints = self
            .events
            .iter()
            .filter(|event| wrong.iter().any(|wrong| event["method"] == *wrong));
        complaints.map(Value::to_string).collect()
    }

    /// The address of every request since the page was opened, its own first.
    pub(crate) fn requests(&self) -> Vec<&str> {
        let requests = self
            .events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent");
        requests
            .map(|event| event["params"]["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// The value of a JavaScript expression.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", parameters);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Moves the pointer to a place in the window.
    pub(crate) fn point_at(&mut self, x: f64, y: f64) {
        let parameters = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.ask("Input.dispatchMouseEvent", parameters);
    }

    /// Presses and releases a key that has this name.
    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.ask(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key }),
            );
        }
    }

    /// Makes the window so wide and as high as the page, in light or dark.
    pub(crate) fn look(&mut self, width: u64, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
        let mut size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size.clone());
        size["height"] = self.value("document.documentElement.scrollHeight");
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Saves what the window shows as a PNG.
    pub(crate) fn photograph(&mut self, file: &Path) {
        let answer = self.ask("Page.captureScreenshot", json!({}));
        let picture = BASE64_STANDARD
            .decode(answer["data"].as_str().unwrap())
            .unwrap();
        fs::write(file, picture).unwrap();
    }

    /// Saves the page as it is printed.
    pub(crate) fn print(&mut self, file: &Path) {
        let answer = self.ask("Page.printToPDF", json!({ "printBackground": false }));
        let pages = BASE64_STANDARD
            .decode(answer["data"].as_str().unwrap())
            .unwrap();
        fs::write(file, pages).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let _ = self
            .orders
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.process.wait();
    }
}
