//! The one place that turns a backend's name into a device.

use burn::tensor::Device;

use crate::config::Backend;

/// A device that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DeviceError {
    pub(super) message: String,
    /// What to try instead.
    pub hint: String,
}

/// A device ready for use.
#[derive(Debug, Clone)]
pub struct Compute {
    /// Burn's handle.
    pub device: Device,
    /// Which backend it is.
    pub backend: Backend,
    /// What it is called, for a person.
    pub name: String,
    /// Whether a program plays the GPU.
    pub software: bool,
    /// How many bytes of a part's images may lie on the device from the first batch on; none where it computes in the
    /// memory that they lie in already.
    pub image_memory: u64,
}

/// What a part's images may take of a card's memory, of which no interface tells the size: a model has to fit beside them.
#[cfg(feature = "cubecl")]
const IMAGE_MEMORY: u64 = 1 << 30;

impl Compute {
    /// Whether it is reached through a GPU interface.
    pub fn is_gpu(&self) -> bool {
        gpu_backends().contains(&self.backend)
    }

    fn cpu(backend: Backend, device: Device) -> Self {
        let threads = rayon::current_num_threads();
        Self {
            device,
            backend,
            name: format!("CPU, {threads} threads"),
            software: false,
            image_memory: 0,
        }
    }
}

/// The CPU backends in this build.
pub fn cpu_backends() -> &'static [Backend] {
    &[
        Backend::Flex,
        #[cfg(feature = "ndarray")]
        Backend::NdArray,
    ]
}

/// The GPU backends in this build.
pub fn gpu_backends() -> &'static [Backend] {
    &[
        #[cfg(feature = "wgpu")]
        Backend::Wgpu,
        #[cfg(feature = "vulkan")]
        Backend::Vulkan,
        #[cfg(feature = "metal")]
        Backend::Metal,
        #[cfg(feature = "cuda")]
        Backend::Cuda,
        #[cfg(feature = "rocm")]
        Backend::Rocm,
    ]
}

/// Opens the device of `backend`; a GPU backend can be opened once in a process.
///
/// # Errors
/// The backend is not part of this build, or there is no such device.
pub fn open(backend: Backend) -> Result<Compute, DeviceError> {
    match backend {
        Backend::Flex => Ok(Compute::cpu(backend, Device::flex())),
        #[cfg(feature = "ndarray")]
        #[allow(
            deprecated,
            reason = "burn-ndarray leaves Burn in 0.23; until then it can be compared with"
        )]
        Backend::NdArray => Ok(Compute::cpu(backend, Device::ndarray())),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => graphics::open(backend, burn::tensor::wgpu::WgpuBackend::Auto),
        #[cfg(feature = "vulkan")]
        Backend::Vulkan => graphics::open(backend, burn::tensor::wgpu::WgpuBackend::Vulkan),
        #[cfg(feature = "metal")]
        Backend::Metal => graphics::open(backend, burn::tensor::wgpu::WgpuBackend::Metal),
        #[cfg(feature = "cuda")]
        Backend::Cuda => indexed(backend, "CUDA device 0", burn::tensor::DeviceType::Cuda),
        #[cfg(feature = "rocm")]
        Backend::Rocm => indexed(backend, "ROCm device 0", burn::tensor::DeviceType::Rocm),
        #[allow(
            unreachable_patterns,
            reason = "all features together leave nothing over"
        )]
        _ => {
            let name = backend.name();
            Err(DeviceError {
                message: format!("backend {name} is not part of this build"),
                hint: format!("cargo run --release -p trainer --features {name} -- …"),
            })
        }
    }
}

/// A GPU that its driver lists.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// The card.
    pub name: String,
    /// Discrete, integrated, virtual or software.
    pub kind: &'static str,
    /// The graphics interface: Vulkan, Metal …
    pub interface: String,
    /// The driver and its version.
    pub driver: String,
}

/// The GPUs that wgpu can reach. Asks the drivers, starts nothing.
pub fn adapters() -> Vec<Adapter> {
    #[cfg(feature = "wgpu")]
    return graphics::adapters();
    #[cfg(not(feature = "wgpu"))]
    return Vec::new();
}

#[cfg(any(feature = "cuda", feature = "rocm"))]
fn indexed(
    backend: Backend,
    name: &str,
    filter: burn::tensor::DeviceType,
) -> Result<Compute, DeviceError> {
    cache::configure();
    match Device::enumerate(filter).into_iter().next() {
        Some(device) => Ok(Compute {
            device,
            backend,
            name: name.to_owned(),
            software: false,
            image_memory: IMAGE_MEMORY,
        }),
        None => Err(DeviceError {
            message: format!("no GPU found: {} lists no device", backend.name()),
            hint: "`trainer devices` lists what is here; --backend flex runs on the CPU".to_owned(),
        }),
    }
}

/// What a GPU backend keeps between runs.
#[cfg(feature = "cubecl")]
mod cache {
    use burn::cubecl::config::cache::CacheConfig;
    use burn::cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

    /// Keeps tuning results and compiled kernels in the user's cache folder. A `cubecl.toml` of the user's own, and the
    /// environment, still count for everything else.
    pub(super) fn configure() {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        config.compilation.cache = true;
        if let Some(folder) = dirs::cache_dir() {
            config.environment.path = CacheConfig::Directory(folder.join("anneal"));
        }
        // False means that it was set before, in this process, by this very function.
        CubeClRuntimeConfig::try_set(config);
    }
}

#[cfg(feature = "wgpu")]
mod graphics {
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    use burn::tensor::wgpu::{WgpuBackend, WgpuInitError};

    use super::{Adapter, Backend, Compute, Device, DeviceError, IMAGE_MEMORY, cache};

    pub(super) fn open(backend: Backend, interface: WgpuBackend) -> Result<Compute, DeviceError> {
        cache::configure();
        let options = Device::wgpu_options().graphics_api(interface);
        let (device, setup) = options.init_with_setup().map_err(|error| refused(&error))?;
        let info = setup.adapter.get_info();
        Ok(Compute {
            device,
            backend,
            name: format!("{} ({:?})", info.name, info.backend),
            software: info.device_type == DeviceType::Cpu,
            // A kernel reads no tensor that is larger.
            image_memory: IMAGE_MEMORY.min(setup.device.limits().max_storage_buffer_binding_size),
        })
    }

    fn refused(error: &WgpuInitError) -> DeviceError {
        let message = match error {
            WgpuInitError::AdapterUnavailable { .. } => {
                "no GPU found: no graphics driver lists one".to_owned()
            }
            error => format!("the GPU cannot be used: {error}").replace('\n', " "),
        };
        DeviceError {
            message,
            hint: "`trainer devices` lists what is here; --backend flex runs on the CPU; on Linux a GPU needs its \
                   Vulkan driver (Debian: mesa-vulkan-drivers, or NVIDIA's own)"
                .to_owned(),
        }
    }

    pub(super) fn adapters() -> Vec<Adapter> {
        // OpenGL would list the same cards once more.
        let instance = Instance::new(InstanceDescriptor {
            backends: Backends::PRIMARY,
            ..InstanceDescriptor::new_without_display_handle()
        });
        let adapters =
            burn::cubecl::future::block_on(instance.enumerate_adapters(Backends::PRIMARY));
        adapters
            .iter()
            .map(|adapter| {
                let info = adapter.get_info();
                Adapter {
                    name: info.name,
                    kind: match info.device_type {
                        DeviceType::DiscreteGpu => "discrete GPU",
                        DeviceType::IntegratedGpu => "integrated GPU",
                        DeviceType::VirtualGpu => "virtual GPU",
                        DeviceType::Cpu => "software, on the CPU",
                        DeviceType::Other => "other",
                    },
                    interface: format!("{:?}", info.backend),
                    driver: format!("{} {}", info.driver, info.driver_info)
                        .trim()
                        .to_owned(),
                }
            })
            .collect()
    }
}
