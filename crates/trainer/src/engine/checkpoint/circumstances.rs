//! Under which circumstances numbers were computed.

use serde::{Deserialize, Serialize};

use crate::engine::Compute;

/// What the last bits of a computation may depend on, besides the settings.
///
/// A run goes on bit for bit where all of it is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circumstances {
    /// The program's version.
    version: String,
    /// The system and the processor that it was built for.
    target: String,
    /// What the processor can that programs ask for.
    cpu: Vec<String>,
    /// On how many threads it computed.
    threads: usize,
    /// The backend, and the device's own name.
    device: String,
}

impl Circumstances {
    /// Those of this process, computing on `compute`.
    pub fn here(compute: &Compute) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: cpu_features(),
            threads: rayon::current_num_threads(),
            device: format!("{} on {}", compute.backend.name(), compute.name),
        }
    }

    /// What is not as it was `then`: `threads 8, now 2`.
    pub fn differences(&self, then: &Self) -> Vec<String> {
        let lists = [self, then].map(|these| these.cpu.join(" "));
        let threads = [self, then].map(|these| these.threads.to_string());
        let pairs = [
            ("version", &then.version, &self.version),
            ("system", &then.target, &self.target),
            ("processor", &lists[1], &lists[0]),
            ("threads", &threads[1], &threads[0]),
            ("device", &then.device, &self.device),
        ];
        let differing = pairs.into_iter().filter(|(_, then, now)| then != now);
        differing
            .map(|(what, then, now)| format!("{what} {then}, now {now}"))
            .collect()
    }
}

/// The instruction sets that numeric kernels choose between.
fn cpu_features() -> Vec<String> {
    let mut features: Vec<&str> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        for (name, there) in [
            ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
            ("avx", std::is_x86_feature_detected!("avx")),
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
            ("avx512vl", std::is_x86_feature_detected!("avx512vl")),
        ] {
            if there {
                features.push(name);
            }
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        for (name, there) in [
            ("neon", std::arch::is_aarch64_feature_detected!("neon")),
            ("fp16", std::arch::is_aarch64_feature_detected!("fp16")),
            ("sve", std::arch::is_aarch64_feature_detected!("sve")),
        ] {
            if there {
                features.push(name);
            }
        }
    }
    features.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let then = Circumstances {
            version: "0.1.0".to_owned(),
            target: "linux x86_64".to_owned(),
            cpu: vec!["avx2".to_owned(), "fma".to_owned()],
            threads: 8,
            device: "flex on CPU, 8 threads".to_owned(),
        };
        assert_eq!(then.differences(&then), Vec::<String>::new());
        let now = Circumstances {
            cpu: vec!["avx2".to_owned()],
            threads: 2,
            ..then.clone()
        };
        let differences = now.differences(&then);
        assert_eq!(
            differences,
            ["processor avx2 fma, now avx2", "threads 8, now 2"]
        );
    }
}
