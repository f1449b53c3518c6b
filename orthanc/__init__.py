"""The archive and the viewer around the node, configured from its settings.

`render` writes the configuration of Orthanc and OHIF, `viewer` serves OHIF and its
way to the archive (`proxy`) from one origin, `ohif` fetches OHIF, `demo` follows one
study for ``run.sh demo``. Nothing here is imported by the node.
"""
