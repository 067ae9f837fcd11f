//! Kubernetes: the manifest of an Indexed Job, whose pods train a shard each.
//!
//! The plan travels in the manifest, as a ConfigMap. Data and results are on a volume that all pods can write.

use anyhow::{Result, ensure};

/// What a manifest is made from.
#[derive(Debug, Clone)]
pub struct Manifest<'a> {
    /// The run's name.
    pub name: &'a str,
    /// The resolved experiment, which the manifest carries.
    pub spec: &'a str,
    /// The image that has `kindling`.
    pub image: &'a str,
    /// The claim of the volume.
    pub volume: &'a str,
    /// How many shards the plan is cut into.
    pub shards: usize,
    /// The most pods at a time; `None` for all.
    pub at_once: Option<usize>,
    /// Cores of a pod.
    pub cpus: usize,
    /// Memory of a pod, as Kubernetes writes it.
    pub memory: &'a str,
    /// Further flags of `kindling sweep`.
    pub flags: &'a [String],
}

/// A ConfigMap has at most a mebibyte.
const MAX_SPEC: usize = 1_000_000;
/// The most pods that an Indexed Job may have at a time (`parallelism`) with a limit of failures for each index.
const MOST_PODS: usize = 10_000;
/// Where the volume is in a pod.
pub const VOLUME: &str = "/kindling";

impl Manifest<'_> {
    /// The manifest, for `kubectl apply -f -`.
    ///
    /// # Errors
    /// The spec is longer than a ConfigMap may be, or the memory is no quantity of Kubernetes.
    pub fn text(&self) -> Result<String> {
        let Self { image, volume, shards, cpus, memory, .. } = self;
        ensure!(
            self.spec.len() <= MAX_SPEC,
            "the experiment has {} bytes, and Kubernetes carries {MAX_SPEC}; put it into the image, and write the manifest by hand",
            self.spec.len()
        );
        let digits = memory.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let is_memory = digits.parse::<f64>().is_ok_and(|size| size > 0.0)
            && ["", "M", "G", "T", "Mi", "Gi", "Ti"].contains(&&memory[digits.len()..]);
        ensure!(is_memory, "--memory `{memory}`: expected a quantity such as 2Gi or 900Mi");
        let name = label(self.name);
        // Texts in JSON are texts in YAML.
        let quoted = |text: &str| serde_json::to_string(text);
        let folder = format!("{VOLUME}/artifacts/{}", self.name);
        let shard = format!("auto/{shards}");
        let jobs = cpus.to_string();
        let data = format!("{VOLUME}/data");
        let fixed = [
            "sweep",
            "/experiment/spec.toml",
            "--out",
            &folder,
            "--shard",
            &shard,
            "--jobs",
            &jobs,
            "--data-dir",
            &data,
            "--no-share",
        ];
        let words = fixed.into_iter().chain(self.flags.iter().map(String::as_str));
        let args = words.map(quoted).collect::<serde_json::Result<Vec<_>>>()?.join(", ");
        let at_once = self.at_once.unwrap_or(*shards).min(*shards).min(MOST_PODS);
        let spec: String = self.spec.lines().map(|line| format!("    {line}").trim_end().to_string() + "\n").collect();
        let (image, volume) = (quoted(image)?, quoted(volume)?);
        Ok(format!(
            r#"# Written by `kindling submit kubernetes`, for `kubectl apply -f -`. Each pod trains one part of the run and writes a file of its own, so that
# a pod may run twice, or again on another node.
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  spec.toml: |
{spec}---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
spec:
  completionMode: Indexed
  completions: {shards}
  parallelism: {at_once}
  backoffLimitPerIndex: 5
  podFailurePolicy:
    rules:
      # A node that was drained, or lost, is not the pod's failure.
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      # 2: it could not start, and would not the next time.
      - action: FailIndex
        onExitCodes:
          containerName: kindling
          operator: In
          values: [2]
  template:
    spec:
      restartPolicy: Never
      # A pod that is ended stops after the step at hand.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: kindling
          image: {image}
          args: [{args}]
          workingDir: {VOLUME}
          resources:
            requests:
              cpu: "{cpus}"
              memory: {memory}
            limits:
              memory: {memory}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: work
              mountPath: {VOLUME}
            - name: experiment
              mountPath: /experiment
              readOnly: true
      volumes:
        - name: work
          persistentVolumeClaim:
            claimName: {volume}
        - name: experiment
          configMap:
            name: {name}
"#
        ))
    }
}

/// A name as Kubernetes takes it: small letters, digits and hyphens, at most 63 with the number of a pod behind it.
fn label(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let short: String = format!("kindling-{plain}").chars().take(57).collect();
    short.trim_end_matches('-').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_of_kubernetes() {
        for (name, expected) in [("Batch_sizes", "kindling-batch-sizes"), ("é!", "kindling"), ("a.b", "kindling-a-b")]
        {
            assert_eq!(label(name), expected);
        }
        assert_eq!(label(&"x".repeat(100)).len(), 57);
    }

    #[test]
    fn what_kubernetes_would_not_take_is_refused() {
        let manifest = Manifest {
            name: "x",
            spec: "a = 1\n",
            image: "kindling",
            volume: "work",
            shards: 4,
            at_once: None,
            cpus: 2,
            memory: "2Gi",
            flags: &[],
        };
        assert!(manifest.text().unwrap().contains("parallelism: 4"));
        for memory in ["2GB", "much", "-1Gi", ""] {
            assert!(Manifest { memory, ..manifest.clone() }.text().is_err(), "{memory}");
        }
        let long = "x".repeat(MAX_SPEC + 1);
        assert!(Manifest { spec: &long, ..manifest }.text().is_err());
    }
}
