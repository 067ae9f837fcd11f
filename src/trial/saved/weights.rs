//! Weights from a file, to start a training with: safetensors as kindling saves them, or NumPy's `.npz`.
//!
//! In: a path. Out: named arrays, and from them the layers of a network. The names are those of a saved classifier:
//! `layers.0.weight` of `[in, out]` (or `[1, in, out]`), `layers.0.bias` of `[out]`, and so on (of a PReLU network also `slopes.0`); an
//! autoencoder's begin with `encoder.` and `decoder.`.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use zip::ZipArchive;

use crate::files::{read_within, unpack_within};
use crate::hash;
use crate::nn::models::Network;
use crate::npy::{self, Array};

/// The most bytes that are read of a file, and that one unpacks to: the weights of the largest network that is trained, in 32 bits, and
/// their names.
const MAX_BYTES: u64 = (1 << 28) + (1 << 20);

/// The arrays of a weights file, by name.
#[derive(Debug, Clone)]
pub struct Weights {
    path: String,
    arrays: BTreeMap<String, Vec<f32>>,
    shapes: BTreeMap<String, Vec<usize>>,
    /// First 16 hex digits of the file's SHA-256: part of the identity of the trials that start from it.
    pub hash: String,
}

impl Weights {
    /// Reads a file by its extension.
    ///
    /// # Errors
    /// It cannot be read, is neither kind, or holds other numbers than 32- or 64-bit floats.
    pub fn read(path: &str) -> Result<Self> {
        let bytes =
            read_within(Path::new(path), MAX_BYTES).with_context(|| format!("cannot read the weights {path}"))?;
        let hash = hash::short_of(&bytes);
        let mut weights = Self { path: path.into(), arrays: BTreeMap::new(), shapes: BTreeMap::new(), hash };
        match Path::new(path).extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => weights.read_safetensors(&bytes)?,
            Some("npz") => weights.read_npz(bytes)?,
            _ => bail!("{path}: starting weights are read from .safetensors or .npz files"),
        }
        Ok(weights)
    }

    fn put(&mut self, name: &str, shape: Vec<usize>, values: Vec<f32>) -> Result<()> {
        ensure!(values.iter().all(|v| v.is_finite()), "`{name}` of {} has numbers that are not finite", self.path);
        self.arrays.insert(name.into(), values);
        self.shapes.insert(name.into(), shape);
        Ok(())
    }

    fn read_safetensors(&mut self, bytes: &[u8]) -> Result<()> {
        let tensors =
            SafeTensors::deserialize(bytes).with_context(|| format!("{} is no safetensors file", self.path))?;
        for (name, view) in tensors.iter() {
            let (shape, data) = (view.shape().to_vec(), view.data());
            let values: Vec<f32> = match view.dtype() {
                safetensors::Dtype::F32 => {
                    data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
                }
                safetensors::Dtype::F64 => {
                    let eight = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32;
                    data.chunks_exact(8).map(eight).collect()
                }
                // Arrays that are no layer's weights may be of any type.
                _ => continue,
            };
            self.put(name, shape, values)?;
        }
        Ok(())
    }

    fn read_npz(&mut self, bytes: Vec<u8>) -> Result<()> {
        let what = || format!("{} is no .npz file that can be read", self.path);
        let mut unpacked = 0;
        let mut archive = ZipArchive::new(Cursor::new(bytes)).with_context(what)?;
        for index in 0..archive.len() {
            let what = || format!("{} is no .npz file that can be read", self.path);
            let mut entry = archive.by_index(index).with_context(what)?;
            let file = entry.name().with_context(what)?.into_owned();
            let Some(name) = file.strip_suffix(".npy") else { continue };
            let expected = entry.size().min(MAX_BYTES - unpacked) as usize;
            let array = unpack_within(&mut entry, MAX_BYTES - unpacked, expected).with_context(what)?;
            unpacked += array.len() as u64;
            let Array { shape, numbers, .. } =
                npy::parse(&array).with_context(|| format!("`{name}` of {}", self.path))?;
            self.put(name, shape, numbers.into_iter().map(|x| x as f32).collect())?;
        }
        Ok(())
    }

    /// How many numbers there are in all arrays.
    pub fn count(&self) -> usize {
        self.arrays.values().map(Vec::len).sum()
    }

    /// Puts the weights into every replica of a network.
    ///
    /// # Errors
    /// An array is missing or has another shape; the message lists what is there and what was expected.
    pub fn fill(&self, model: &mut Network, device: &Device) -> Result<()> {
        let names = model.layer_names();
        for (layer, name) in model.layers_mut().into_iter().zip(names) {
            let shape = layer.weight.dims();
            layer.weight = self.parameter(&format!("{name}.weight"), shape, device)?;
            if let Some(bias) = &layer.bias {
                layer.bias = Some(self.parameter(&format!("{name}.bias"), bias.dims(), device)?);
            }
        }
        let names = model.slope_names();
        for (slope, name) in model.slopes_mut().into_iter().zip(names) {
            *slope = self.parameter(&name, slope.dims(), device)?;
        }
        Ok(())
    }

    /// One array, once for each replica of `[R, rows, columns]`.
    fn parameter(&self, name: &str, shape: [usize; 3], device: &Device) -> Result<Param<Tensor<3>>> {
        let [replicas, rows, columns] = shape;
        let found = self.shapes.get(name);
        let squeezed: Option<Vec<usize>> = found.map(|shape| shape.iter().copied().filter(|n| *n != 1).collect());
        let wanted: Vec<usize> = [rows, columns].into_iter().filter(|n| *n != 1).collect();
        let Some(values) = self.arrays.get(name).filter(|_| squeezed == Some(wanted)) else {
            let all: Vec<String> = self.shapes.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
            let what = found.map_or("is missing".to_string(), |shape| format!("has the shape {shape:?}"));
            bail!(
                "`{name}` {what} in {}; expected [{rows}, {columns}], inputs first. The file has {}",
                self.path,
                if all.is_empty() { "no arrays".into() } else { all.join(", ") }
            );
        };
        let data = TensorData::new(values.repeat(replicas), shape);
        Ok(Param::from_tensor(Tensor::from_data(data, device)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;
    use std::fs;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn config() -> TrialConfig {
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![3]);
        config
    }

    /// A network of 2 inputs, 3 hidden and 2 outputs, as `np.savez` writes it.
    fn write(path: &Path, weight: &str) {
        let mut npz = ZipWriter::new(fs::File::create(path).unwrap());
        for (name, shape, count) in [
            ("layers.0.weight", weight, 6),
            ("layers.0.bias", "(3,)", 3),
            ("layers.1.weight", "(3, 2)", 6),
            ("layers.1.bias", "(2,)", 2),
        ] {
            let data: Vec<u8> = (0..count).flat_map(|i| (f64::from(i) + 0.5).to_le_bytes()).collect();
            npz.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            npz.write_all(&npy::tests::file("<f8", "False", shape, &data)).unwrap();
        }
        npz.finish().unwrap();
    }

    #[test]
    fn a_network_starts_with_the_numbers_of_an_npz_file_in_every_replica() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.npz");
        write(&path, "(2, 3)");
        let device = device::for_tests();
        let mut model = config().network(2, 2).init(&[0, 1], &device);
        Weights::read(path.to_str().unwrap()).unwrap().fill(&mut model, &device).unwrap();
        let first: Vec<f32> = model.layers()[0].weight.val().into_data().try_to_vec().unwrap();
        assert_eq!(first, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    }

    #[test]
    fn another_shape_or_kind_of_file_is_told_with_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.npz");
        write(&path, "(3, 2)");
        let device = device::for_tests();
        let mut model = config().network(2, 2).init(&[0], &device);
        let error = Weights::read(path.to_str().unwrap()).unwrap().fill(&mut model, &device).unwrap_err().to_string();
        assert!(
            error.contains("[3, 2]") && error.contains("expected [2, 3]") && error.contains("layers.1.bias"),
            "{error}"
        );
        assert!(Weights::read("w.txt").unwrap_err().to_string().contains("w.txt"));
        fs::write(&path, b"no zip").unwrap();
        assert!(Weights::read(path.to_str().unwrap()).is_err());
    }
}
