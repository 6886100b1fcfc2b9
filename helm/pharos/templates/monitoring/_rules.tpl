{{/* files/rules.yaml is generated; which namespaces are watched and where the runbooks lie is this
     release's own. */}}
{{- define "pharos.rules" -}}
{{- $named := include "pharos.namespaces" . | fromJsonArray | join "|" -}}
{{- $namespaces := ternary ".+" $named .Values.watch.clusterWide -}}
{{- $runbooks := .Values.monitoring.runbookUrl | trimSuffix "/" -}}
{{- .Files.Get "files/rules.yaml" | replace "pharos-namespaces" $namespaces | replace "pharos-runbooks" $runbooks -}}
{{- end -}}
