{{- define "netatlas.name" -}}
{{- printf "%s" (ternary .Release.Name (printf "%s-netatlas" .Release.Name) (contains "netatlas" .Release.Name)) | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "netatlas.selector" -}}
app.kubernetes.io/name: netatlas
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "netatlas.labels" -}}
{{ include "netatlas.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "netatlas.check" -}}
{{- if and .Values.login.enabled (not .Values.login.secretName) -}}
{{- fail "login.enabled needs login.secretName: a Secret whose key secrets.toml has the section [auth]" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (or .Values.serverCredentials .Values.allowedApiServers) (not .Values.networkPolicy.apiServers) -}}
{{- fail "networkPolicy.apiServers must say where API servers are reached: nothing else may leave the pod" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.login.enabled (not .Values.networkPolicy.loginProvider) -}}
{{- fail "networkPolicy.loginProvider must say where the login's provider is reached: nothing else may leave the pod" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- end -}}
