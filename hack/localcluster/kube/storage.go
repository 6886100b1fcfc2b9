package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const provisionerName = "pharos.neoalexandria.io/directory"

// folders gives each claim a folder below root. There is one node, so a folder
// is as good for ReadWriteMany as it is for ReadWriteOnce.
type folders struct{ root string }

func (f folders) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	folder := filepath.Join(f.root, fmt.Sprintf("%s.%s.%s", claim.Namespace, claim.Name, options.PVName))
	if err := makeWritableByAll(folder); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: folder},
			},
		},
	}
	return volume, controller.ProvisioningFinished, nil
}

// makeWritableByAll sets the mode apart from creating the folder: the umask
// would otherwise take away what containers that are not root need. The kubelet
// does not apply fsGroup to hostPath volumes.
func makeWritableByAll(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	return os.Chmod(folder, 0o777)
}

func (f folders) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	folder := volume.Spec.HostPath.Path
	if filepath.Dir(folder) != filepath.Clean(f.root) {
		return fmt.Errorf("volume %s: %s is not a folder of %s, so it is kept", volume.Name, folder, f.root)
	}
	return os.RemoveAll(folder)
}

// serveStorage provisions volumes for every StorageClass that names provisionerName.
func serveStorage(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("storage takes a kubeconfig and a folder, got %d arguments", len(args))
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[0])
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx := klog.NewContext(server.SetupSignalContext(), klog.Background())
	controller.NewProvisionController(
		ctx, client, provisionerName, folders{root: args[1]}, controller.LeaderElection(false),
	).Run(ctx)
	return nil
}
