//! What a verdict looks like, a file for each form.
