// Package kubernetes checks the manifests with Kubernetes' own types. It is a
// module of its own, so that they are no dependency of the program.
package kubernetes

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const folder = "../../deploy/kubernetes"

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// strict decodes as the API server does with strict validation: unknown and
// repeated fields are errors, and upper and lower case count.
func strict(data []byte, v any) error {
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return err
	}
	faults, err := json.UnmarshalStrict(asJSON, v)
	return errors.Join(append(faults, err)...)
}

// decode decodes a manifest strictly: unknown and repeated fields are errors.
func decode[T any](t *testing.T, name string) *T {
	t.Helper()
	var v T
	if err := strict(read(t, name), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &v
}

// kinds are the types of all manifests, by kind and version.
var kinds = map[string]func() any{
	"v1 ServiceAccount":                             func() any { return new(corev1.ServiceAccount) },
	"v1 ConfigMap":                                  func() any { return new(corev1.ConfigMap) },
	"v1 Secret":                                     func() any { return new(corev1.Secret) },
	"v1 Service":                                    func() any { return new(corev1.Service) },
	"apps/v1 Deployment":                            func() any { return new(appsv1.Deployment) },
	"networking.k8s.io/v1 Ingress":                  func() any { return new(networkingv1.Ingress) },
	"networking.k8s.io/v1 NetworkPolicy":            func() any { return new(networkingv1.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":                 func() any { return new(policyv1.PodDisruptionBudget) },
	"kustomize.config.k8s.io/v1beta1 Kustomization": func() any { return new(kustomize.Kustomization) },
}

func TestEveryManifestIsOfItsType(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(names) < 9 {
		t.Fatalf("%d manifests, %v", len(names), err)
	}
	for _, name := range names {
		name = filepath.Base(name)
		data := read(t, name)
		if bytes.Contains(data, []byte("\n---\n")) {
			t.Errorf("%s: one object a file", name)
		}
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(data, &head); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		newOf, ok := kinds[head.APIVersion+" "+head.Kind]
		if !ok {
			t.Errorf("%s: no type is known for %s %s", name, head.APIVersion, head.Kind)
			continue
		}
		if err := strict(data, newOf()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A field that Kubernetes does not know is found.
func TestStrictness(t *testing.T) {
	bad := strings.Replace(string(read(t, "deployment.yaml")), "readOnlyRootFilesystem", "readOnlyRootFileSystem", 1)
	if err := strict([]byte(bad), new(appsv1.Deployment)); err == nil {
		t.Error("a misspelt field passes")
	}
}

func TestKustomizationNamesAll(t *testing.T) {
	k := decode[kustomize.Kustomization](t, "kustomization.yaml")
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = filepath.Base(name)
		// The secret is applied by itself: its values are nobody else's.
		want := name != "kustomization.yaml" && name != "secret.example.yaml"
		if slices.Contains(k.Resources, name) != want {
			t.Errorf("%s among the resources: %v, want %v", name, !want, want)
		}
	}
	d := decode[appsv1.Deployment](t, "deployment.yaml")
	if len(k.Images) != 1 || k.Images[0].Name != d.Spec.Template.Spec.Containers[0].Image || k.Images[0].NewTag == "latest" {
		t.Errorf("the image %q is not set by %+v", d.Spec.Template.Spec.Containers[0].Image, k.Images)
	}
}

// What kustomize makes of the folder is complete, of the right types, in the
// namespace, and has the image that is named.
func TestKustomize(t *testing.T) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	k := decode[kustomize.Kustomization](t, "kustomization.yaml")
	if made.Size() != len(k.Resources) {
		t.Errorf("%d objects of %d resources", made.Size(), len(k.Resources))
	}
	for _, object := range made.Resources() {
		id := object.CurId()
		data, err := object.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		newOf, ok := kinds[strings.TrimPrefix(id.Group+"/"+id.Version, "/")+" "+id.Kind]
		if !ok {
			t.Errorf("no type is known for %v", id)
			continue
		}
		v := newOf()
		if err := strict(data, v); err != nil {
			t.Errorf("%v: %v", id, err)
		}
		if object.GetNamespace() != "chatmood" || object.GetLabels()["app.kubernetes.io/part-of"] != "chatmood" {
			t.Errorf("%v is in the namespace %q with the labels %v", id, object.GetNamespace(), object.GetLabels())
		}
		if d, ok := v.(*appsv1.Deployment); ok {
			want := k.Images[0].NewName + ":" + k.Images[0].NewTag
			if got := d.Spec.Template.Spec.Containers[0].Image; got != want {
				t.Errorf("the image is %q, want %q", got, want)
			}
		}
	}
}

// What belongs together names each other.
func TestSelectors(t *testing.T) {
	d := decode[appsv1.Deployment](t, "deployment.yaml")
	pod := labels.Set(d.Spec.Template.Labels)
	service := decode[corev1.Service](t, "service.yaml")
	budget := decode[policyv1.PodDisruptionBudget](t, "poddisruptionbudget.yaml")
	policy := decode[networkingv1.NetworkPolicy](t, "networkpolicy.yaml")
	for name, set := range map[string]map[string]string{
		"deployment": d.Spec.Selector.MatchLabels, "service": service.Spec.Selector, "budget": budget.Spec.Selector.MatchLabels, "policy": policy.Spec.PodSelector.MatchLabels,
	} {
		if len(set) == 0 || !labels.SelectorFromSet(set).Matches(pod) {
			t.Errorf("the selector of the %s does not match the pods", name)
		}
	}
	ports := map[string]int32{}
	for _, p := range d.Spec.Template.Spec.Containers[0].Ports {
		ports[p.Name] = p.ContainerPort
	}
	if ports[service.Spec.Ports[0].TargetPort.StrVal] == 0 {
		t.Errorf("the service leads to the port %q, which the pods do not have", service.Spec.Ports[0].TargetPort.StrVal)
	}
	if got := policy.Spec.Ingress[0].Ports[0].Port.IntVal; got != ports["http"] {
		t.Errorf("the network policy lets in %d, the server listens on %d", got, ports["http"])
	}
	ingress := decode[networkingv1.Ingress](t, "ingress.yaml")
	backend := ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	if backend.Name != service.Name || backend.Port.Name != service.Spec.Ports[0].Name {
		t.Errorf("the ingress leads to %s:%s", backend.Name, backend.Port.Name)
	}
	settings := decode[corev1.ConfigMap](t, "configmap.yaml")
	if host := ingress.Spec.Rules[0].Host; settings.Data["FRONTEND_URL"] != "https://"+host || ingress.Spec.TLS[0].Hosts[0] != host {
		t.Errorf("the ingress is for %q, FRONTEND_URL says %q", host, settings.Data["FRONTEND_URL"])
	}
	if budget.Spec.MinAvailable.IntVal >= *d.Spec.Replicas {
		t.Error("the budget lets no pod go")
	}
	secret := decode[corev1.Secret](t, "secret.example.yaml")
	for _, from := range d.Spec.Template.Spec.Containers[0].EnvFrom {
		if from.ConfigMapRef != nil && from.ConfigMapRef.Name != settings.Name || from.SecretRef != nil && from.SecretRef.Name != secret.Name {
			t.Errorf("settings come from %+v", from)
		}
	}
	for name := range secret.StringData {
		if _, twice := settings.Data[name]; twice {
			t.Errorf("%s is a setting and a secret", name)
		}
		if faults := validation.IsEnvVarName(name); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// Pods can do no more than they must.
func TestPodsAreConfined(t *testing.T) {
	d := decode[appsv1.Deployment](t, "deployment.yaml")
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	for what, ok := range map[string]bool{
		"not root":             *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser != 0,
		"seccomp":              pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"read-only root":       *c.SecurityContext.ReadOnlyRootFilesystem,
		"no escalation":        !*c.SecurityContext.AllowPrivilegeEscalation,
		"no capabilities":      slices.Contains(c.SecurityContext.Capabilities.Drop, "ALL"),
		"no token":             !*pod.AutomountServiceAccountToken,
		"a limit of memory":    !c.Resources.Limits.Memory().IsZero(),
		"requests":             !c.Resources.Requests.Cpu().IsZero() && !c.Resources.Requests.Memory().IsZero(),
		"all probes":           c.StartupProbe != nil && c.LivenessProbe != nil && c.ReadinessProbe != nil,
		"a writable /data":     slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/data" }),
		"no host's namespaces": !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
	} {
		if !ok {
			t.Errorf("the pods lack: %s", what)
		}
	}
	// Stopping in order takes as long as STOP_TIMEOUT says.
	if *pod.TerminationGracePeriodSeconds < 30 {
		t.Errorf("pods are killed after %d s", *pod.TerminationGracePeriodSeconds)
	}
}
