{{/* Pieces of network policies. */}}

{{/* Pods of one component of this release: (list . "gateway") */}}
{{- define "pharos.peer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ (index . 0).Release.Namespace }}
  podSelector:
    matchLabels:
      {{- include "pharos.selector" . | nindent 6 }}
{{- end -}}

{{/* Jobs or servers, wherever they may run: (list . "serving") */}}
{{- define "pharos.workPeer" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.watch.clusterWide }}
- namespaceSelector: {}
{{- else }}
- namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{ include "pharos.namespaces" $root }}
{{- end }}
  podSelector:
    matchLabels:
      app.kubernetes.io/part-of: pharos
      app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* TCP ports as a policy lists them: (list 80 443) */}}
{{- define "pharos.ports" -}}
{{- range . }}
- {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end -}}

{{/* An egress rule to the database, embedded or external. */}}
{{- define "pharos.toDatabase" -}}
{{- if .Values.postgresql.embedded.enabled }}
- to:
    {{- include "pharos.peer" (list . "postgresql") | trim | nindent 4 }}
  ports:
    {{- include "pharos.ports" (list 5432) | trim | nindent 4 }}
{{- else }}
- ports:
    {{- include "pharos.ports" .Values.networkPolicies.databasePorts | trim | nindent 4 }}
{{- end }}
{{- end -}}
