{{/* What every pod of the chart has in common. */}}

{{/* Pod Security "restricted", with the user given by number: (dict "uid" 65532) */}}
{{- define "pharos.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "pharos.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "pharos.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Where a pod may run: (list . "gateway" .Values.gateway) */}}
{{- define "pharos.placement" -}}
{{- $settings := index . 2 }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if hasKey $settings "affinity" }}
affinity:
  {{- if $settings.affinity }}
  {{- toYaml $settings.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "pharos.selector" (list (index . 0) (index . 1)) | nindent 12 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* What jobs and servers get besides, as JSON: extraPodEnv, and the collector where there is one. */}}
{{- define "pharos.podEnv" -}}
{{- $tracing := dict }}
{{- with .Values.tracing.endpoint }}
{{- $tracing = dict "OTEL_EXPORTER_OTLP_ENDPOINT" . }}
{{- end }}
{{- merge (dict) .Values.extraPodEnv $tracing | toJson }}
{{- end -}}

{{/* An egress rule to the collector of traces: its port, wherever it is. */}}
{{- define "pharos.toCollector" -}}
{{- with .Values.tracing.endpoint }}
{{- $host := (urlParse .).host }}
{{- $standard := ternary "443" "80" (hasPrefix "https:" .) }}
- ports:
    {{- include "pharos.ports" (list (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host) | default $standard)) | trim | nindent 4 }}
{{- end }}
{{- end -}}
