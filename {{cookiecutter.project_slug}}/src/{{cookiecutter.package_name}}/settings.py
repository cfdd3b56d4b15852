"""What was answered when this project was generated. Change it here; nothing else repeats it."""

PROJECT_NAME = {{ cookiecutter.project_name | tojson }}
PROJECT_SLUG = "{{ cookiecutter.project_slug }}"
PACKAGE = "{{ cookiecutter.package_name }}"
PROBLEM_TYPE = "{{ cookiecutter.problem_type }}"
AWS_REGION = "{{ cookiecutter.aws_region }}"
PYTHON_VERSION = "{{ cookiecutter.python_version }}"
