{{/* Names, labels and images, each spelled once. */}}

{{- define "pharos.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels by which pods are found: (list . "gateway") */}}
{{- define "pharos.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/part-of: pharos
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of an object: (list . "gateway") */}}
{{- define "pharos.labels" -}}
{{- $root := index . 0 -}}
{{ include "pharos.selector" . }}
app.kubernetes.io/name: pharos
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* An image reference: (list . "operator") */}}
{{- define "pharos.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
{{- $place := printf "%s/%s" $root.Values.image.registry $image.repository | trimPrefix "/" -}}
{{- if $image.digest -}}
{{ $place }}@{{ $image.digest }}
{{- else -}}
{{ $place }}:{{ $image.tag | default $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The namespaces that the release prepares, as JSON: its own and the watched ones. */}}
{{- define "pharos.namespaces" -}}
{{- prepend .Values.watch.namespaces .Release.Namespace | uniq | toJson -}}
{{- end -}}

{{/* The database's Secret where somebody else made it, else nothing. */}}
{{- define "pharos.givenDatabaseSecret" -}}
{{- .Values.postgresql.external.existingSecret | default .Values.postgresql.embedded.existingSecret -}}
{{- end -}}

{{- define "pharos.databaseSecret" -}}
{{- $made := printf "%s-database" (include "pharos.fullname" .) -}}
{{- include "pharos.givenDatabaseSecret" . | default $made -}}
{{- end -}}

{{- define "pharos.artifactClaim" -}}
{{- if not .Values.artifacts.s3.uri -}}
{{- .Values.artifacts.persistentVolume.existingClaim | default (printf "%s-artifacts" (include "pharos.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{- define "pharos.prometheusUrl" -}}
{{- if .Values.prometheus.external.url -}}
{{ .Values.prometheus.external.url }}
{{- else if .Values.prometheus.embedded.enabled -}}
http://{{ include "pharos.fullname" . }}-prometheus.{{ .Release.Namespace }}.svc:9090
{{- end -}}
{{- end -}}
